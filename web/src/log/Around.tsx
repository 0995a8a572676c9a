import { useEffect, useState } from "react";
import { Link } from "react-router";
import { getEvents } from "../api/client.ts";
import { words } from "../api/errors.ts";
import { seqName } from "../format/number.ts";
import { clock, stamp, type Zone } from "../format/time.ts";
import { visible } from "../format/visible.ts";
import { toRow, type Row } from "../stream/rows.ts";
import { cx } from "../ui/cx.ts";
import { SeverityMark } from "../ui/SeverityMark.tsx";
import css from "./Around.module.css";

/** Entries to either side. */
const SIDE = 10;

async function readAround(seq: number, signal: AbortSignal): Promise<Row[]> {
  const rows: Row[] = [];
  let from: number | null = Math.max(0, seq - SIDE);
  // An answer may be short: large entries fill it sooner.
  while (from !== null && from <= seq + SIDE) {
    const page: Awaited<ReturnType<typeof getEvents>> = await getEvents({ from, limit: seq + SIDE + 1 - from }, signal);
    rows.unshift(...page.items.map(toRow).reverse());
    from = page.next;
  }
  return rows;
}

interface Props {
  readonly seq: number;
  readonly zone: Zone;
  readonly addressOf: (seq: number) => string;
  /** Its level on the page. */
  readonly heading: "h2" | "h3";
}

/** What was recorded just before and after, whatever the filters: newest first, as everywhere. */
export function Around({ seq, zone, addressOf, heading: Heading }: Props) {
  const [rows, setRows] = useState<readonly Row[] | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  useEffect(() => {
    const reading = new AbortController();
    setFailed(null);
    readAround(seq, reading.signal).then(setRows, (error: unknown) => {
      if (!reading.signal.aborted) setFailed(words(error).what);
    });
    return () => reading.abort();
  }, [seq]);
  return (
    <section aria-labelledby="around" className={css.around}>
      <Heading id="around" className={css.heading}>
        Around it
      </Heading>
      {failed !== null && <p className={css.note}>{failed}</p>}
      {rows === null && failed === null && <p className={css.note}>Reading…</p>}
      <ol className={css.list} reversed>
        {rows?.map((row) => (
          <li key={row.seq}>
            <Link to={addressOf(row.seq)} replace className={cx(css.one, row.seq === seq && css.here)} aria-current={row.seq === seq ? "true" : undefined}>
              <time dateTime={new Date(row.at).toISOString()} title={stamp(row.at, zone, 0)}>
                {zone === "utc" ? new Date(row.at).toISOString().slice(11, 19) : clock(row.at)}
              </time>
              <SeverityMark severity={row.severity} wordless />
              <span className={css.what}>
                <bdi>{visible(row.source)}</bdi> · <bdi>{visible(row.type)}</bdi>
              </span>
              <span className={css.seq}>{seqName(row.seq)}</span>
            </Link>
          </li>
        ))}
      </ol>
    </section>
  );
}
