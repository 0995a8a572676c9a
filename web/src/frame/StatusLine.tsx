import { Link } from "react-router";
import { span, since } from "../format/time.ts";
import { count, seqName } from "../format/number.ts";
import { aMinute } from "../stream/tally.ts";
import { useStream, useWatcher } from "../stream/StreamProvider.tsx";
import button from "../ui/Button.module.css";
import { cx } from "../ui/cx.ts";
import { Time } from "../ui/Time.tsx";
import { useNow } from "../ui/useNow.ts";
import { useVerdict } from "../witness/WitnessProvider.tsx";
import { sayVerified } from "../witness/words.ts";
import { useOffline } from "../ui/useOffline.ts";
import { describe, type Condition } from "./condition.ts";
import css from "./StatusLine.module.css";

const SHAPES: Readonly<Record<Condition["tone"], React.ReactNode>> = {
  good: <circle cx="5" cy="5" r="4" />,
  busy: <circle cx="5" cy="5" r="3.25" fill="none" stroke="currentColor" strokeWidth="1.5" />,
  warn: <path d="M5 0.75 9.75 9.25H0.25Z" />,
  bad: <rect x="1" y="1" width="8" height="8" />,
};

/** What is true of the record right now, on every page. */
export function StatusLine() {
  const link = useStream((state) => state.link);
  const writable = useStream((state) => state.writable);
  const signing = useStream((state) => state.refused === null);
  const size = useStream((state) => state.size);
  const next = useStream((state) => state.next);
  const beat = useStream((state) => state.beat);
  const heardAt = useStream((state) => state.heardAt);
  const tally = useStream((state) => state.tally);
  const offset = useStream((state) => state.clockOffset);
  const unbroken = useStream((state) => state.unbroken);
  const loaded = useStream((state) => state.loaded);
  const verdict = useVerdict();
  const watcher = useWatcher();
  const now = useNow();
  const condition = describe({ link, beat, heardAt, writable, signing, behind: size - next, offlineSince: useOffline(), host: location.host }, now);
  const connected = link.phase === "live" || link.phase === "catching-up";
  // While something is off, its words take the room; and where nothing is heard nobody knows what the record is doing.
  // Its words tell the age then.
  const silent = connected && condition.tone === "warn";
  const stale = !connected || silent;
  const calm = !stale && writable && signing;

  return (
    <section aria-label="Status" className={cx(css.line, css[condition.tone])}>
      <p className={css.link}>
        <svg viewBox="0 0 10 10" width="10" height="10" fill="currentColor" aria-hidden="true">
          {SHAPES[condition.tone]}
        </svg>
        {/* Only the word is announced: a countdown read out every second would drown everything else. */}
        <strong role="status">{condition.word}</strong>
        {condition.ticking && <span className={css.ticking}>{condition.ticking}</span>}
        {condition.detail && <span className={css.detail}>{condition.detail}</span>}
      </p>
      {condition.retry && (
        <button type="button" className={button.small} onClick={watcher.retryNow}>
          Retry now
        </button>
      )}
      {!silent && (
        <p className={cx(css.fact, stale && css.stale)}>
          <span className={css.roomy}>heartbeat </span>
          {beat ? (
            <span className={css.age}>
              <b>{span(now - beat.at)}</b> ago
            </span>
          ) : (
            <span className={css.age}>none yet</span>
          )}
        </p>
      )}
      {!stale && !writable && (
        <p className={cx(css.fact, css.refusing)}>
          record <b>not writable</b>: new events are being refused. Free disk space on the host, or read the console’s log.
        </p>
      )}
      {!stale && !signing && (
        <p className={cx(css.fact, css.refusing)}>
          record <b>not signed</b>: the console refuses to. <Link to="/">Read why</Link>
        </p>
      )}
      {verdict.status === "alarm" && (
        <p className={cx(css.fact, css.refusing)}>
          record <b>not as it was signed</b>: <Link to="/">read what this browser found</Link>
        </p>
      )}
      {calm && verdict.status !== "alarm" && (
        <>
          <p className={cx(css.fact, css.writable)}>
            record <b>writable</b>
          </p>
          <p className={cx(css.fact, css.rate)}>
            <b>{count(aMinute(tally, now + offset))}</b> a minute
          </p>
        </>
      )}
      <p className={cx(css.fact, css.far)}>
        {unbroken && loaded && calm && (
          <span className={css.unbroken} title={`Every entry from ${seqName(unbroken.seq)} on has been seen by this browser, without a gap.`}>
            unbroken since{" "}
            <b>
              <Time ms={unbroken.at} text={since(unbroken.at, now)} />
            </b>{" "}
            · {unbroken.seq < size ? <Link to={`/log/${unbroken.seq}`}>{seqName(unbroken.seq)}</Link> : seqName(unbroken.seq)}
            {verdict.status === "verified" && <span title={sayVerified(verdict, now)}> · verified by this browser</span>}
          </span>
        )}
        {loaded && (
          <span>
            <b>{count(size)}</b> {size === 1 ? "entry" : "entries"}
          </span>
        )}
      </p>
    </section>
  );
}
