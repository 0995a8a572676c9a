import type { ReactNode } from "react";
import { isPosing } from "../format/own.ts";
import { visible } from "../format/visible.ts";
import type { Row } from "../stream/rows.ts";
import { SeverityMark } from "../ui/SeverityMark.tsx";
import { cx } from "../ui/cx.ts";
import css from "./EntryTable.module.css";

interface Props {
  readonly row: Row;
  readonly time: ReactNode;
  /** The link that its number is. */
  readonly link: ReactNode;
}

/** One entry as a row of a list. */
export function EntryCells({ row, time, link }: Props) {
  const source = visible(row.source);
  const type = visible(row.type);
  const what = visible(row.what);
  const by = visible(row.by);
  return (
    <>
      <td className={css.time}>{time}</td>
      <td className={css.category}>{row.category}</td>
      <td className={css.severity}>
        <SeverityMark severity={row.severity} />
      </td>
      <td className={css.source} title={by ? `${source}, recorded by ${by}` : source}>
        {source}
      </td>
      <td className={css.type} title={type}>
        {type}
      </td>
      <td className={css.what} title={by ? `by ${by}: ${what}` : what}>
        {by && (
          <>
            <bdi className={cx(css.by, isPosing(row.item.entry) && css.posing)}>by {by}</bdi>
            <span className="hidden">:</span>{" "}
          </>
        )}
        {what}
      </td>
      <td className={css.seq}>{link}</td>
    </>
  );
}
