import { useEffect, useState, type FormEvent } from "react";
import { getSources, MOST_SOURCES } from "../api/client.ts";
import { words } from "../api/errors.ts";
import type { Source } from "../api/types.ts";
import { byName } from "../format/byName.ts";
import { count } from "../format/number.ts";
import { visible } from "../format/visible.ts";
import button from "../ui/Button.module.css";
import css from "./FilterBar.module.css";

interface Props {
  readonly chosen: readonly string[];
  readonly onChoose: (source: string) => void;
}

/** Who was heard, by name; asked for when it is opened. The console tells of so many, so that any other name can be typed. */
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
  function add(event: FormEvent) {
    event.preventDefault();
    const wanted = part.trim();
    if (wanted !== "" && !chosen.includes(wanted)) onChoose(wanted);
    setPart("");
  }
  return (
    <>
      <form className={css.add} onSubmit={add}>
        <input type="search" aria-label="Source" placeholder="Find, or name one" autoCapitalize="off" spellCheck={false} value={part} onChange={(event) => setPart(event.target.value)} />
        <button type="submit" className={button.button}>
          Add
        </button>
      </form>
      {shown.map((name) => (
        <label key={name}>
          <input type="checkbox" checked={chosen.includes(name)} onChange={() => onChoose(name)} />
          <bdi className={css.source}>{visible(name) || "(empty)"}</bdi>
          <span className={css.more}>{count(known.get(name) ?? 0)}</span>
        </label>
      ))}
      {failed !== null && <p className={css.note}>{failed}</p>}
      {heard === null && failed === null && <p className={css.note}>Reading…</p>}
      {heard?.length === MOST_SOURCES && <p className={css.note}>These are the {count(MOST_SOURCES)} heard last.</p>}
      {heard?.length === 0 && <p className={css.note}>none heard yet</p>}
    </>
  );
}
