import { words } from "../api/errors.ts";
import { count, plural, seqName } from "../format/number.ts";
import button from "../ui/Button.module.css";
import css from "../ui/Notices.module.css";
import type { Pages } from "./pages.ts";
import type { LogReader } from "./reader.ts";

/** How far down the record was read, and that it goes on. "The end" is only said where it is. */
export function LogFoot({ pages, reader }: { readonly pages: Pages; readonly reader: LogReader }) {
  const { rows, bottom, looking, error } = pages;
  if (error !== null) {
    const { what, next } = words(error);
    return (
      <p className={css.foot} role="alert">
        {what} {next}{" "}
        <button type="button" className={button.small} onClick={reader.goOn}>
          Try again
        </button>
      </p>
    );
  }
  if (!pages.loaded) return <p className={css.foot}>Reading the record…</p>;
  if (bottom === null) return rows.length === 0 ? null : <p className={css.foot}>{sayAll(pages)}. Nothing that matches is older.</p>;
  if (looking === "no") return <p className={css.foot}>{count(rows.length)} read, back to {seqName(bottom)}.</p>;
  return (
    <p className={css.foot}>
      Looked back to {seqName(bottom)}: {rows.length === 0 ? "nothing yet" : `${count(rows.length)} so far`}
      {looking === "down" ? ", still looking… " : ". "}
      <button type="button" className={button.small} onClick={looking === "down" ? reader.stopLooking : reader.goOn}>
        {looking === "down" ? "Stop" : "Look further back"}
      </button>
    </p>
  );
}

/** How many are listed; where there are newer ones above the list, or may be, up to which. */
function sayAll({ rows, fresh, freshTop, size }: Pages): string {
  const many = plural(rows.length, "entry", "entries");
  const isAll = fresh.length === 0 && freshTop >= size;
  return isAll ? many : `${many} up to ${seqName(rows[0]?.seq ?? 0)}`;
}
