import { seqName } from "../format/number.ts";
import css from "./EntryJson.module.css";

/** An item's JSON, for reading and for copying out of. */
export function EntryJson({ seq, text }: { readonly seq: number; readonly text: string }) {
  // Scrolls on its own, so it has to be reachable with the keyboard.
  return (
    <pre className={`foreign ${css.json}`} tabIndex={0} role="region" aria-label={`JSON of ${seqName(seq)}`}>
      {text}
    </pre>
  );
}
