import { useEffect, useMemo, useState } from "react";
import { Link } from "react-router";
import { getItemText } from "../api/client.ts";
import { words } from "../api/errors.ts";
import { withoutData } from "../entries/erased.ts";
import { ErasedNote } from "../entries/ErasedNote.tsx";
import { EntryJson } from "../entries/EntryJson.tsx";
import { address, NO_FILTERS, type Filters } from "../filters/filters.ts";
import { prettyJson } from "../format/json.ts";
import { seqName } from "../format/number.ts";
import { visible } from "../format/visible.ts";
import type { Row } from "../stream/rows.ts";
import button from "../ui/Button.module.css";
import { CopyButton } from "../ui/CopyButton.tsx";
import css from "./OpenEntry.module.css";

interface Props {
  readonly row: Row;
  readonly onNarrow: (to: Partial<Filters>) => void;
}

/** An opened row: the item's JSON, exactly as recorded once the console has handed it over. */
export function OpenEntry({ row, onNarrow }: Props) {
  const { erased } = row.item;
  const [read, setRead] = useState<{ readonly text: string; readonly known: boolean } | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  // Read before its data was erased, it must not be shown as it was.
  const exact = read && erased && !read.known ? withoutData(read.text, erased) : (read?.text ?? null);
  const shown = useMemo(() => prettyJson(exact ?? JSON.stringify(row.item)), [exact, row.item]);

  useEffect(() => {
    const reading = new AbortController();
    getItemText(row.seq, reading.signal).then((text) => setRead({ text, known: erased !== undefined }), (error: unknown) => {
      if (!reading.signal.aborted) setFailed(words(error).what);
    });
    return () => reading.abort();
  }, [row.seq, erased]);

  // What would be shown, or copied, is not all of it.
  const reading = !row.whole && exact === null && failed === null;
  const trace = row.item.entry.event.traceid;
  return (
    <div className={css.entry}>
      <div className={css.bar}>
        {!reading && <CopyButton text={shown} label={`JSON of ${seqName(row.seq)}`} />}
        <button type="button" className={button.small} onClick={() => onNarrow({ sources: [row.source] })}>
          Only <bdi>{visible(row.source)}</bdi>
        </button>
        <button type="button" className={button.small} onClick={() => onNarrow({ types: [row.type] })}>
          Only <bdi>{visible(row.type)}</bdi>
        </button>
        <Link className={button.small} to={`/log/${row.seq}`}>
          Around it
        </Link>
        {typeof trace === "string" && trace !== "" && (
          <Link className={button.small} title={visible(trace)} to={address(`/log/${row.seq}`, { ...NO_FILTERS, traces: [trace] })}>
            Its trace
          </Link>
        )}
        <p className={css.by}>
          sent by <bdi>{visible(row.item.entry.principal)}</bdi>
        </p>
      </div>
      {failed !== null && (
        <p className={css.failed}>
          {failed} {row.whole ? "This is the entry as it came on the stream." : "Its data is not kept here; open it again later."}
        </p>
      )}
      {erased && <ErasedNote erased={erased} />}
      {reading ? <p className={css.note}>Reading the entry…</p> : <EntryJson seq={row.seq} text={shown} />}
    </div>
  );
}
