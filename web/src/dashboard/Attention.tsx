import { useMemo } from "react";
import { Link } from "react-router";
import { logOf, sayRhythm } from "../agents/order.ts";
import type { Source } from "../api/types.ts";
import { count } from "../format/number.ts";
import { visible } from "../format/visible.ts";
import { PROBLEMS_HELD } from "../stream/reducer.ts";
import type { Row } from "../stream/rows.ts";
import { MINUTES } from "../stream/tally.ts";
import { useStream } from "../stream/StreamProvider.tsx";
import button from "../ui/Button.module.css";
import { cx } from "../ui/cx.ts";
import { SeverityMark } from "../ui/SeverityMark.tsx";
import { Time } from "../ui/Time.tsx";
import { useNow } from "../ui/useNow.ts";
import css from "./Attention.module.css";
import { concerns, type Concern } from "./attention.ts";

const MOST = 6;
const MOST_QUIET = 4;
/** How often old concerns are dropped. */
const EVERY_MS = 10_000;

interface Concerns {
  readonly all: readonly Concern[];
  /** There were more problems than are held: the counts are of the newest ones only. */
  readonly partial: boolean;
}

export function useConcerns(): Concerns {
  const problems = useStream((state) => state.problems);
  const offset = useStream((state) => state.clockOffset);
  const now = useNow(EVERY_MS);
  // The offset wavers by milliseconds with each heartbeat, which is nothing to group anew for.
  return useMemo(() => {
    const from = now + offset - MINUTES * 60_000;
    return { all: concerns(problems, from), partial: problems.length === PROBLEMS_HELD && (problems.at(-1)?.at ?? 0) > from };
  }, [problems, now]);
}

interface Props {
  /** Sources that are quieter than usual, the longest overdue first. */
  readonly quiet: readonly Source[];
  readonly onShow: (row: Row) => void;
  readonly onShowAll: () => void;
}

/** Errors and criticals of the last half hour, by kind and source: entries, nothing inferred. And who is missing. */
export function Attention({ quiet, onShow, onShowAll }: Props) {
  const { all, partial } = useConcerns();
  const refused = useStream((state) => state.refused !== null);
  // Until they are read back, nobody can say that nothing was wrong.
  const known = useStream((state) => state.problemsRead);
  return (
    <section aria-labelledby="attention">
      <h2 id="attention">Wants attention</h2>
      {refused && (
        <p className={css.standing}>
          <SeverityMark severity="critical" wordless />
          <span className={css.kind}>Nothing is signed: the console refuses to sign</span>
        </p>
      )}
      {all.length === 0 && (
        <p className={css.none}>{known ? `No error or critical in the last ${MINUTES} minutes.` : "Reading the record…"}</p>
      )}
      <ul>
        {all.slice(0, MOST).map(({ key, newest, times }) => (
          <li key={key}>
            <button type="button" className={css.concern} onClick={() => onShow(newest)}>
              <SeverityMark severity={newest.severity} wordless />
              <span className={css.kind}>
                <bdi>{visible(newest.type)}</bdi> · <bdi>{visible(newest.source)}</bdi>
                {newest.by && (
                  <>
                    {" "}
                    · by <bdi>{visible(newest.by)}</bdi>
                  </>
                )}
              </span>
              <span className={css.more}>
                <bdi className={css.what}>{visible(newest.what)}</bdi>
                <span>
                  {times > 1 && `${count(times)} × · `}
                  <Time ms={newest.at} />
                </span>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {all.length > MOST && (
        <button type="button" className={cx(button.small, css.all)} onClick={onShowAll}>
          {count(all.length - MOST)} more: show all errors
        </button>
      )}
      {partial && <p className={css.none}>Counted among the last {count(PROBLEMS_HELD)} errors and criticals.</p>}
      <ul>
        {quiet.slice(0, MOST_QUIET).map((source) => (
          <li key={source.source}>
            <Link to={logOf(source.source)} className={css.concern}>
              <SeverityMark severity="warning" wordless />
              <span className={css.kind}>
                <bdi>{visible(source.source) || "(empty)"}</bdi> is quiet
              </span>
              <span className={css.more}>{sayRhythm(source, source.silentSec * 1000)}</span>
            </Link>
          </li>
        ))}
      </ul>
      {quiet.length > MOST_QUIET && (
        <Link to="/agents" className={cx(button.small, css.all)}>
          {count(quiet.length - MOST_QUIET)} more are quiet: show all agents
        </Link>
      )}
    </section>
  );
}
