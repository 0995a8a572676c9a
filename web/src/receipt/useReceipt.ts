import { useCallback, useEffect, useState } from "react";
import { sizeOf } from "../proof/keeping.ts";
import { useStream } from "../stream/StreamProvider.tsx";
import { useVerdict, useWitness } from "../witness/WitnessProvider.tsx";
import { check, type Outcome } from "./check.ts";

const AGAIN_MS = 5000;

/** What this browser can say of an entry. Looked at again as soon as the entry is signed, and when the console is back. */
export function useReceipt(seq: number, text: string): readonly [Outcome, () => void] {
  const witness = useWitness();
  const verdict = useVerdict();
  const heard = useStream((state) => state.beat !== null);
  const live = useStream((state) => state.link.phase === "live");
  // Asked for only when it is there: until then each heartbeat says how far the console has signed.
  const signed = useStream((state) => (sizeOf(state.checkpoint) ?? 0) > seq);
  const refused = useStream((state) => state.refused);
  const [outcome, setOutcome] = useState<Outcome>({ status: "checking" });
  const [tries, setTries] = useState(0);
  const again = useCallback(() => setTries((n) => n + 1), []);
  useEffect(() => {
    if (!signed) {
      setOutcome({ status: heard ? "not signed" : "checking" });
      return undefined;
    }
    const checking = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    setOutcome((before) => (before.status === "proved" ? before : { status: "checking" }));
    void check(seq, text, witness.consider.bind(witness), checking.signal).then((found) => {
      if (checking.signal.aborted) return;
      setOutcome(found);
      if (found.status === "not signed") timer = setTimeout(again, AGAIN_MS);
    });
    return () => {
      checking.abort();
      clearTimeout(timer);
    };
  }, [seq, text, signed, heard, tries, witness, again]);
  useEffect(() => {
    if (live && outcome.status === "failed") again();
  }, [live]);
  if (outcome.status === "not signed" && refused !== null && verdict.status !== "alarm") return [{ status: "signing refused", why: refused }, again];
  // However good the proof is: the log that it is of is not the one that this browser knew.
  return [verdict.status === "alarm" ? { status: "alarm", why: verdict.alarm.why } : outcome, again];
}
