import { useStream } from "../stream/StreamProvider.tsx";
import { useNow } from "../ui/useNow.ts";
import { useVerdict, useWitness } from "../witness/WitnessProvider.tsx";
import { sayCheckpoint } from "../witness/words.ts";
import css from "./Checkpoint.module.css";

/** The head checkpoint: how old it is, and what this browser found out about it. */
export function Checkpoint() {
  const note = useStream((state) => state.checkpoint);
  const refused = useStream((state) => state.refused);
  const size = useStream((state) => state.size);
  const heard = useStream((state) => state.beat !== null && state.loaded);
  const verdict = useVerdict();
  const witness = useWitness();
  const now = useNow();
  if (!heard) return null;
  const kept = verdict.status === "verified" ? verdict.kept : witness.kept();
  return (
    <section aria-labelledby="checkpoint">
      <h2 id="checkpoint">Proof</h2>
      <div className={css.said}>
        {sayCheckpoint({ verdict, note, kept, refused, size, now }).map((sentence, i) => (
          <p key={i}>{sentence}</p>
        ))}
      </div>
    </section>
  );
}
