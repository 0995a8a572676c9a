import { useEffect, useState } from "react";
import { getSources } from "../api/client.ts";
import { words } from "../api/errors.ts";
import type { Source } from "../api/types.ts";
import { byName } from "../format/byName.ts";
import { count } from "../format/number.ts";
import { visible } from "../format/visible.ts";
import css from "./FilterBar.module.css";

/** From here on a field to find one among them. */
const MANY = 12;

interface Props {
  readonly chosen: readonly string[];
  readonly onChoose: (source: string) => void;
}

/** Everyone who was ever heard, by name. Asked for when it is opened. */
export function SourceChoices({ chosen, onChoose }: Props) {
  const [heard, setHeard] = useState<readonly Source[] | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const [part, setPart] = useState("");
  useEffect(() => {
    const reading = new AbortController();
    getSources(reading.signal).then(
      ({ sources }) => setHeard(sources),
      (error: unknown) => {
        if (!reading.signal.aborted) setFailed(words(error).what);
      },
    );
    return () => reading.abort();
  }, []);

  const known = new Map((heard ?? []).map(({ source, events }) => [source, events]));
  const names = [...new Set([...chosen, ...known.keys()])].sort(byName);
  const shown = names.filter((name) => chosen.includes(name) || name.toLowerCase().includes(part.toLowerCase()));
  return (
    <>
      {names.length > MANY && (
        <input type="search" className={css.find} aria-label="Find a source" placeholder="Find" value={part} onChange={(event) => setPart(event.target.value)} />
      )}
      {shown.map((name) => (
        <label key={name}>
          <input type="checkbox" checked={chosen.includes(name)} onChange={() => onChoose(name)} />
          <bdi className={css.source}>{visible(name) || "(empty)"}</bdi>
          <span className={css.more}>{count(known.get(name) ?? 0)}</span>
        </label>
      ))}
      {failed !== null && <p className={css.note}>{failed}</p>}
      {heard === null && failed === null && <p className={css.note}>Reading…</p>}
      {heard?.length === 0 && <p className={css.note}>none heard yet</p>}
    </>
  );
}
