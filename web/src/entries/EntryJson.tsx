import { seqName } from "../format/number.ts";
import css from "./EntryJson.module.css";

/** An item's JSON, for reading and for copying out of. */
export function EntryJson({ seq, text, name = "JSON" }: { readonly seq: number; readonly text: string; readonly name?: string }) {
  // Scrolls on its own, so it has to be reachable with the keyboard.
  return (
    <pre className={`foreign ${css.json}`} tabIndex={0} role="region" aria-label={`${name} of ${seqName(seq)}`}>
      {text}
    </pre>
  );
}
