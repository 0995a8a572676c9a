import { useMemo, useState } from "react";
import { CATEGORIES, SEVERITIES, rank, type Category } from "../api/types.ts";
import { count, plural } from "../format/number.ts";
import { hourMinute, since } from "../format/time.ts";
import { bars, byCategory, MINUTES, type Bar } from "../stream/tally.ts";
import { useStream } from "../stream/StreamProvider.tsx";
import { useNow } from "../ui/useNow.ts";
import css from "./HalfHour.module.css";
import { MinutesChart } from "./MinutesChart.tsx";

/** The gravest first: where room is short they are the ones to see. */
const GRAVEST_FIRST = [...SEVERITIES].reverse();

/** Where not all was counted, no number is given out as the minute's. */
const sayCounted = ({ counted }: Bar): string => (counted === "none" ? "not read" : counted === "some" ? "not all read: " : "");

const tell = (bar: Bar): string =>
  bar.counted === "none" ? sayCounted(bar) : sayCounted(bar) + tellCounts(bar);

const tellCounts = (bar: Bar): string =>
  GRAVEST_FIRST.flatMap((severity) => {
    const n = bar.severities[rank(severity)] ?? 0;
    return n > 0 ? [`${count(n)} ${severity}`] : [];
  }).join(", ") || "none";

/** How much happened, by severity and by category. */
export function HalfHour({ chosen, onCategory }: { readonly chosen: readonly Category[]; readonly onCategory: (category: Category) => void }) {
  const tally = useStream((state) => state.tally);
  const offset = useStream((state) => state.clockOffset);
  const from = useStream((state) => state.countedFrom);
  const oldest = useStream((state) => state.oldest);
  const loaded = useStream((state) => state.loaded);
  const historyDone = useStream((state) => state.historyDone);
  // Once a second is enough for a picture of half an hour, however busy the stream is.
  const now = useNow() + offset;
  const second = Math.floor(now / 1000);
  // While older history is being read, it is counted from the oldest entry that is here.
  const reached = from ?? oldest?.at ?? 0;
  const minutes = useMemo(() => bars(tally, now, reached), [second, loaded, historyDone, reached]);
  const totals = useMemo(() => byCategory(tally, now), [second, loaded, historyDone]);
  const [hovered, setHovered] = useState<number | null>(null);

  const most = Math.max(0, ...minutes.map((bar) => bar.total));
  const total = minutes.reduce((sum, bar) => sum + bar.total, 0);
  const short = from !== null && from > now - MINUTES * 60_000;
  const largest = Math.max(1, ...totals);
  const pointed = hovered === null ? undefined : minutes[hovered];
  return (
    <>
      <section aria-labelledby="minutes">
        <div className={css.head}>
          <h2 id="minutes">Events a minute</h2>
          <span className={css.most}>{most > 0 && `peak ${count(most)}`}</span>
        </div>
        <MinutesChart bars={minutes} onHover={setHovered} />
        <p className={css.axis}>
          {pointed ? (
            <span>
              <b>{hourMinute(pointed.at)}</b> {tell(pointed)}
            </span>
          ) : (
            <>
              <span>{minutes[0] && hourMinute(minutes[0].at)}</span>
              <span>{hourMinute(now)}</span>
            </>
          )}
        </p>
        {short && <p className={css.note}>Counted since {since(from, now)}: before that there was too much to read back.</p>}
        <details className={css.table}>
          <summary>As a table</summary>
          <MinutesTable minutes={minutes} />
        </details>
      </section>
      <section aria-labelledby="categories">
        <div className={css.head}>
          <h2 id="categories">{short ? `Since ${hourMinute(from)}` : `Last ${MINUTES} minutes`}</h2>
          <span className={css.most}>{from === null ? "reading…" : plural(total, "event", "events")}</span>
        </div>
        {total === 0 && historyDone && <p className={css.note}>No events.</p>}
        <ul>
          {CATEGORIES.map((category, i) => {
            const n = totals[i] ?? 0;
            return n === 0 ? null : (
              <li key={category}>
                <button type="button" className={css.category} aria-pressed={chosen.includes(category)} onClick={() => onCategory(category)}>
                  <span>{category}</span>
                  <span className={css.track}>
                    <span className={css.length} style={{ width: `${(100 * n) / largest}%` }} />
                  </span>
                  <span className={css.n}>{count(n)}</span>
                </button>
              </li>
            );
          })}
        </ul>
      </section>
    </>
  );
}

function MinutesTable({ minutes }: { readonly minutes: readonly Bar[] }) {
  return (
    <div className={css.scroll} tabIndex={0} role="region" aria-label="Events a minute, as a table">
      <table aria-label="Events a minute">
        <thead>
          <tr>
            <th scope="col">minute</th>
            {GRAVEST_FIRST.map((severity) => (
              <th key={severity} scope="col">
                {severity}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...minutes].reverse().map((bar) => (
            <tr key={bar.at}>
              <th scope="row">
                {hourMinute(bar.at)}
                {bar.counted === "some" && " (not all read)"}
              </th>
              {bar.counted === "none" ? (
                <td colSpan={GRAVEST_FIRST.length}>not read</td>
              ) : (
                GRAVEST_FIRST.map((severity) => <td key={severity}>{count(bar.severities[rank(severity)] ?? 0)}</td>)
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
