import { count } from "../format/number.ts";
import { useStream } from "../stream/StreamProvider.tsx";
import { Time } from "../ui/Time.tsx";
import css from "../entries/EntryTable.module.css";

/** All of the console's heartbeats in one quiet row that ticks, so that they never push events out. */
export function HeartbeatRow() {
  const beat = useStream((state) => state.beat);
  const offset = useStream((state) => state.clockOffset);
  return (
    <tr className={css.beat}>
      <td colSpan={7}>
        {/* A new key each beat runs the tick's animation again. */}
        <span key={beat?.count} className={css.tick} aria-hidden="true" />
        [AUDIT] governance heartbeat
        {beat ? (
          <>
            <span className={css.extra}> · every {beat.intervalSec} s</span> · {count(beat.count)}
            <span className={css.extra}> received</span> · <span className={css.extra}>last </span>
            <Time ms={beat.at + offset} />
          </>
        ) : (
          " · waiting for the first"
        )}
      </td>
    </tr>
  );
}
