import button from "../ui/Button.module.css";
import { cx } from "../ui/cx.ts";
import type { Outcome } from "./check.ts";
import css from "./ProofBox.module.css";
import { sayReceipt, type Said } from "./words.ts";

const SHAPES: Readonly<Record<Said["tone"], React.ReactNode>> = {
  good: <path d="M1 5.5 4 8.5 9 1.5" fill="none" stroke="currentColor" strokeWidth="2" />,
  busy: <circle cx="5" cy="5" r="3.25" fill="none" stroke="currentColor" strokeWidth="1.5" />,
  unknown: <path d="M5 0.75 9.75 9.25H0.25Z" />,
  bad: <rect x="1" y="1" width="8" height="8" />,
};

/** What this browser found out about an entry, in a sentence. */
export function ProofBox({ outcome, again }: { readonly outcome: Outcome; readonly again: () => void }) {
  const { tone, what, more } = sayReceipt(outcome);
  return (
    <div className={cx(css.box, css[tone])} role="status" aria-label="Proof">
      <svg viewBox="0 0 10 10" width="12" height="12" fill="currentColor" aria-hidden="true">
        {SHAPES[tone]}
      </svg>
      <p>
        <b>{what}</b> {more}
      </p>
      {outcome.status === "failed" && (
        <button type="button" className={button.small} onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}
