import type { Erased } from "../api/types.ts";
import { Link } from "react-router";
import { address, NO_FILTERS } from "../filters/filters.ts";
import { stamp, type Zone } from "../format/time.ts";
import { visible } from "../format/visible.ts";
import { Time } from "../ui/Time.tsx";
import css from "./ErasedNote.module.css";

interface Props {
  readonly erased: Erased;
  readonly zone?: Zone;
  /** Gets the focus after an erasure, in place of the button that asked for it. */
  readonly id?: string;
}

/** All that the record says was erased, by the console's own entries. */
const ERASURES = address("/log", { ...NO_FILTERS, sources: ["console"], types: ["data.erased"] });

/** In place of data that is gone: by whom, when and why, as the console says. The mark itself is signed by nobody. */
export function ErasedNote({ erased, zone = "local", id }: Props) {
  const at = Date.parse(erased.at);
  return (
    <p className={css.note} id={id} tabIndex={id === undefined ? undefined : -1}>
      <b>Data erased</b> by <bdi>{visible(erased.by) || "nobody named"}</bdi>{" "}
      {!Number.isNaN(at) && (
        <>
          at <Time ms={at} zone={zone} text={`${stamp(at, zone, 0)}${zone === "utc" ? " UTC" : ""}`} />{" "}
        </>
      )}
      {erased.reason ? (
        <>
          because: <bdi className="foreign">{visible(erased.reason)}</bdi>
        </>
      ) : (
        "without a reason"
      )}
{" "}
      · so says the console: see <Link to={ERASURES}>the record’s erasures</Link>
    </p>
  );
}
