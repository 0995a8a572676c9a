import type { Severity } from "../api/types.ts";
import { cx } from "./cx.ts";
import css from "./SeverityMark.module.css";

const SHAPES: Readonly<Record<Severity, React.ReactNode>> = {
  debug: <circle cx="5" cy="5" r="1" />,
  info: <circle cx="5" cy="5" r="1.75" />,
  notice: <circle cx="5" cy="5" r="3.25" fill="none" stroke="currentColor" strokeWidth="1.5" />,
  warning: <path d="M5 0.75 9.75 9.25H0.25Z" />,
  error: <rect x="1" y="1" width="8" height="8" />,
  critical: <path d="M5 -0.25 10.25 5 5 10.25 -0.25 5Z" />,
};

/** Shape and word: severity never depends on colour. */
export function SeverityMark({ severity, wordless = false }: { readonly severity: Severity; readonly wordless?: boolean }) {
  return (
    <span className={cx(css.mark, css[severity])}>
      <svg viewBox="0 0 10 10" width="10" height="10" fill="currentColor" aria-hidden="true">
        {SHAPES[severity]}
      </svg>
      {wordless ? <span className="hidden">{severity}</span> : severity}
    </span>
  );
}
