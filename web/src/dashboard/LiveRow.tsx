import { memo } from "react";
import { seqName } from "../format/number.ts";
import { visible } from "../format/visible.ts";
import type { Row } from "../stream/rows.ts";
import { SeverityMark } from "../ui/SeverityMark.tsx";
import { Time } from "../ui/Time.tsx";
import { cx } from "../ui/cx.ts";
import css from "./LiveList.module.css";
import { OpenEntry } from "./OpenEntry.tsx";
import type { Filters } from "./filters.ts";

interface Props {
  readonly row: Row;
  readonly open: boolean;
  readonly onToggle: (seq: number) => void;
  readonly onNarrow: (to: Partial<Filters>) => void;
}

export const LiveRow = memo(function LiveRow({ row, open, onToggle, onNarrow }: Props) {
  const source = visible(row.source);
  const type = visible(row.type);
  const what = visible(row.what);
  // The button is the row's handle; pressing anywhere else in the row is a convenience, and must not spoil selecting text.
  const pressed = () => {
    if (getSelection()?.type !== "Range") onToggle(row.seq);
  };
  return (
    <>
      <tr className={cx(css.row, open && css.opened)} onClick={pressed}>
        <td className={css.time}>
          <Time ms={row.at} />
        </td>
        <td className={css.category}>{row.category}</td>
        <td className={css.severity}>
          <SeverityMark severity={row.severity} />
        </td>
        <td className={css.source} title={source}>
          {source}
        </td>
        <td className={css.type} title={type}>
          {type}
        </td>
        <td className={css.what} title={what}>
          {what}
        </td>
        <td className={css.seq}>
          <button
            type="button"
            aria-expanded={open}
            onClick={(event) => {
              event.stopPropagation();
              onToggle(row.seq);
            }}
          >
            {seqName(row.seq)}
          </button>
        </td>
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
