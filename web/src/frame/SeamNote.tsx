import { Link } from "react-router";
import { saySeam } from "../stream/saySeam.ts";
import { isUntold, type Seam } from "../stream/seams.ts";
import { useStream, useWatcher } from "../stream/StreamProvider.tsx";
import button from "../ui/Button.module.css";
import { cx } from "../ui/cx.ts";
import css from "./SeamNote.module.css";

/** The newest interruption that nobody said to have seen: on a busy console its line has left the list within a second. */
export function SeamNote() {
  const seams = useStream((state) => state.seams);
  const watcher = useWatcher();
  const untold = seams.filter(isUntold);
  const [newest] = untold;
  if (!newest) return null;
  return (
    <section aria-label="Interruption" className={cx(css.note, isBroken(newest) && css.broken)}>
      <p>
        {saySeam(newest)}
        {untold.length > 1 && ` · ${untold.length - 1} more before`}
      </p>
      {newest.boundary > 0 && (
        <Link to={`/log/${newest.boundary - 1}`} className={button.small}>
          Where it was
        </Link>
      )}
      <button type="button" className={button.small} onClick={watcher.seamsSeen}>
        Seen
      </button>
    </section>
  );
}

const isBroken = (seam: Seam): boolean => seam.kind !== "reconnected" || seam.missing > 0;
