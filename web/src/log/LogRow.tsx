import { memo } from "react";
import { Link } from "react-router";
import { EntryCells } from "../entries/EntryCells.tsx";
import css from "../entries/EntryTable.module.css";
import { seqName } from "../format/number.ts";
import { stamp, type Zone } from "../format/time.ts";
import type { Row } from "../stream/rows.ts";
import { cx } from "../ui/cx.ts";
import { Time } from "../ui/Time.tsx";

interface Props {
  readonly row: Row;
  /** Its place in the list, from 0. */
  readonly at: number;
  readonly to: string;
  readonly opened: boolean;
  /** An entry is open, this or another: going on to this one is no step to come back from. */
  readonly replace: boolean;
  /** The one row that Tab stops at; arrow keys go on from there. */
  readonly stop: boolean;
  readonly zone: Zone;
  /** Any moment of this year. */
  readonly now: number;
  readonly onOpen: (seq: number) => void;
}

export const LogRow = memo(function LogRow({ row, at, to, opened, replace, stop, zone, now, onOpen }: Props) {
  const pressed = () => {
    if (getSelection()?.type !== "Range") onOpen(row.seq);
  };
  return (
    // The heading is row 1.
    <tr className={cx(css.row, opened && css.opened, opened && css.current)} aria-rowindex={at + 2} onClick={pressed}>
      <EntryCells
        row={row}
        time={<Time ms={row.at} zone={zone} text={stamp(row.at, zone, now)} />}
        link={
          <Link to={to} replace={replace} data-seq={row.seq} tabIndex={stop ? 0 : -1} aria-current={opened ? "true" : undefined} onClick={(event) => event.stopPropagation()}>
            {seqName(row.seq)}
          </Link>
        }
      />
    </tr>
  );
});
