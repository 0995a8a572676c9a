import type { ReactNode } from "react";
import { useStream } from "../stream/StreamProvider.tsx";
import { saveText } from "../ui/saveText.ts";
import button from "../ui/Button.module.css";
import { useVerdict, useWitness } from "../witness/WitnessProvider.tsx";
import { evidence, sayAlarm, sayRefusal, type AlarmWords } from "../witness/words.ts";
import css from "./Alarm.module.css";

/** What the console shows does not fit what this browser kept. It stays until a person has read it. */
export function Alarm() {
  const verdict = useVerdict();
  const witness = useWitness();
  if (verdict.status !== "alarm") return null;
  const { alarm, kept } = verdict;
  return (
    <Band name="The record does not hold" said={sayAlarm(alarm, kept, Date.now())}>
      <div className={css.actions}>
        <button type="button" className={button.button} onClick={() => saveText("checkpoints.txt", evidence(alarm, kept))}>
          {kept === null ? "Save the checkpoint" : "Save both checkpoints"}
        </button>
        <button
          type="button"
          className={button.button}
          onClick={witness.acknowledge}
          title="This browser lets go of what it kept, and holds what comes against what the console shows now."
        >
          I have read this: go on from here
        </button>
      </div>
    </Band>
  );
}

/** The console itself says that it signs nothing any more. It stays as long as that is so. */
export function Refusal() {
  const refused = useStream((state) => state.refused);
  return refused === null ? null : <Band name="Nothing is signed" said={sayRefusal(refused)} />;
}

function Band({ name, said: { what, why, todo }, children }: { readonly name: string; readonly said: AlarmWords; readonly children?: ReactNode }) {
  return (
    <section className={css.alarm} role="alert" aria-label={name}>
      <p className={css.what}>
        <svg viewBox="0 0 10 10" width="10" height="10" fill="currentColor" aria-hidden="true">
          <rect x="1" y="1" width="8" height="8" />
        </svg>
        {what}
      </p>
      <p>{why}</p>
      <p>{todo}</p>
      {children}
    </section>
  );
}
