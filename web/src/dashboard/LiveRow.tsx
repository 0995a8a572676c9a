import { memo } from "react";
import { Link } from "react-router";
import { EntryCells } from "../entries/EntryCells.tsx";
import css from "../entries/EntryTable.module.css";
import type { Filters } from "../filters/filters.ts";
import { seqName } from "../format/number.ts";
import type { Row } from "../stream/rows.ts";
import { Time } from "../ui/Time.tsx";
import { cx } from "../ui/cx.ts";
import { OpenEntry } from "./OpenEntry.tsx";

interface Props {
  readonly row: Row;
  readonly open: boolean;
  readonly onToggle: (seq: number) => void;
  readonly onNarrow: (to: Partial<Filters>) => void;
}

export const LiveRow = memo(function LiveRow({ row, open, onToggle, onNarrow }: Props) {
  // The button is the row's handle; pressing anywhere else in the row is a convenience, and must not spoil selecting text.
  const pressed = () => {
    if (getSelection()?.type !== "Range") onToggle(row.seq);
  };
  return (
    <>
      <tr className={cx(css.row, open && css.opened)} onClick={pressed}>
        <EntryCells
          row={row}
          time={
            <>
              <button
                type="button"
                aria-expanded={open}
                aria-label={`Details of ${seqName(row.seq)}`}
                onClick={(event) => {
                  event.stopPropagation();
                  onToggle(row.seq);
                }}
              >
                <svg viewBox="0 0 10 10" width="8" height="8" fill="currentColor" aria-hidden="true">
                  <path d="M2 0.5 8 5 2 9.5Z" />
                </svg>
              </button>
              <Time ms={row.at} />
            </>
          }
          link={
            <Link to={`/log/${row.seq}`} onClick={(event) => event.stopPropagation()}>
              {seqName(row.seq)}
            </Link>
          }
        />
      </tr>
      {open && (
        <tr className={css.inside}>
          <td colSpan={7}>
            <OpenEntry row={row} onNarrow={onNarrow} />
          </td>
        </tr>
      )}
    </>
  );
});
