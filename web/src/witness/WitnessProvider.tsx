import { createContext, use, useEffect, useMemo, useSyncExternalStore, type ReactNode } from "react";
import { useStream } from "../stream/StreamProvider.tsx";
import type { Verdict } from "./verdict.ts";
import { KEPT, Witness } from "./witness.ts";

const Context = createContext<Witness | null>(null);

/** Holds the one witness of this page, and shows it every checkpoint that the stream brings. */
export function WitnessProvider({ children }: { readonly children: ReactNode }) {
  const witness = useMemo(() => new Witness(), []);
  const note = useStream((state) => state.checkpoint);
  const beat = useStream((state) => state.beat);
  useEffect(() => {
    const stop = witness.start();
    const changed = (event: StorageEvent): void => {
      if (event.key === KEPT || event.key === null) witness.remembered();
    };
    window.addEventListener("storage", changed);
    return () => {
      window.removeEventListener("storage", changed);
      stop();
    };
  }, [witness]);
  useEffect(() => witness.shown(note), [witness, note, beat]);
  return <Context value={witness}>{children}</Context>;
}

export function useWitness(): Witness {
  const witness = use(Context);
  if (!witness) throw new Error("useWitness outside WitnessProvider");
  return witness;
}

export function useVerdict(): Verdict {
  const witness = useWitness();
  return useSyncExternalStore(witness.subscribe, witness.getVerdict);
}
