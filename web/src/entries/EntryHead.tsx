import { seqName } from "../format/number.ts";
import css from "./EntryTable.module.css";

interface Props {
  /** The largest number that may be listed. */
  readonly size: number;
  /** What the times are. */
  readonly time: string;
  /** Times tell the day too. */
  readonly stamped?: boolean;
}

/** Columns and headings of a list of entries. */
export function EntryHead({ size, time, stamped = false }: Props) {
  return (
    <>
      <colgroup>
        <col className={stamped ? css.stamp : css.time} />
        <col className={css.category} />
        <col className={css.severity} />
        <col className={css.source} />
        <col className={css.type} />
        <col className={css.what} />
        {/* As wide as the longest number so far, or the heading, plus the cell's padding. */}
        <col style={{ width: Math.max(7, seqName(size).length) * 8 + 16 }} />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">{time}</th>
          <th scope="col">category</th>
          <th scope="col">severity</th>
          <th scope="col">source</th>
          <th scope="col">type</th>
          <th scope="col">what</th>
          <th scope="col" className={css.seq}>
            entry
          </th>
        </tr>
      </thead>
    </>
  );
}
