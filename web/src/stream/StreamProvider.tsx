import { createContext, use, useEffect, useMemo, useSyncExternalStore, type ReactNode } from "react";
import { useSessionDoor } from "../session/SessionProvider.tsx";
import type { StreamState } from "./reducer.ts";
import { Watcher } from "./watcher.ts";

const Context = createContext<Watcher | null>(null);

/** Holds the one watcher of this page. Mounted only while someone is signed in. */
export function StreamProvider({ children }: { readonly children: ReactNode }) {
  const { check } = useSessionDoor();
  const watcher = useMemo(() => new Watcher(check), [check]);
  useEffect(() => watcher.start(), [watcher]);
  return <Context value={watcher}>{children}</Context>;
}

export function useWatcher(): Watcher {
  const watcher = use(Context);
  if (!watcher) throw new Error("useWatcher outside StreamProvider");
  return watcher;
}

/** Renders again only when what `select` returns has changed: it must return a part of the state, not make one. */
export function useStream<T>(select: (state: StreamState) => T): T {
  const watcher = useWatcher();
  return useSyncExternalStore(watcher.subscribe, () => select(watcher.getState()));
}
