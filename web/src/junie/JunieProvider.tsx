import { createContext, use, useCallback, useEffect, useMemo, useRef, type ReactNode } from "react";
import * as api from "../api/client.ts";
import { words } from "../api/errors.ts";
import { useKept } from "../session/useKept.ts";
import { parseTurns, transcript, type Step, type Turn } from "./transcript.ts";

interface Junie {
  readonly turns: readonly Turn[];
  ask(question: string): void;
  sendAgain(turn: Turn): void;
}

const Context = createContext<Junie | null>(null);

/** Keeps the transcript while one goes to the Dashboard and back, or has to sign in again. */
export function JunieProvider({ children }: { readonly children: ReactNode }) {
  const [turns, setTurns] = useKept("transcript", parseTurns);
  const step = useCallback((taken: Step) => setTurns((before) => transcript(before, taken)), [setTurns]);
  const lastId = useRef(turns.at(-1)?.id ?? 0);
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    leaving.current = controller;
    return () => controller.abort();
  }, []);

  const send = useCallback(
    (id: number, question: string) => {
      const signal = leaving.current?.signal ?? new AbortController().signal;
      step({ type: "asked", id, question, at: Date.now() });
      api.ask(question, signal).then(
        ({ response, raw }) => step({ type: "answered", id, at: Date.now(), response, raw }),
        (error: unknown) => {
          if (signal.aborted) return;
          step({ type: "failed", id, at: Date.now(), words: words(error) });
        },
      );
    },
    [step],
  );

  const junie = useMemo(
    () => ({
      turns,
      ask: (question: string) => send((lastId.current += 1), question),
      sendAgain: (turn: Turn) => send(turn.id, turn.question),
    }),
    [turns, send],
  );
  return <Context value={junie}>{children}</Context>;
}

export function useJunie(): Junie {
  const junie = use(Context);
  if (!junie) throw new Error("useJunie outside JunieProvider");
  return junie;
}
