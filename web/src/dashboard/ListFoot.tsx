import { Link } from "react-router";
import { address, isActive, type Filters } from "../filters/filters.ts";
import { seqName } from "../format/number.ts";
import css from "../ui/Notices.module.css";
import { SHOWN } from "./sift.ts";
import type { Sifted } from "./useSift.ts";

/** What lies below the list, and where it goes on. */
export function ListFoot({ sifted, filters }: { readonly sifted: Sifted; readonly filters: Filters }) {
  const on = (words: string) => <Link to={address("/log", filters)}>{words}</Link>;
  if (!isActive(filters)) return sifted.rows.length < SHOWN ? null : <p className={css.foot}>The last {SHOWN}. {on("All in the Log")}</p>;
  switch (sifted.state) {
    case "looking":
      return <p className={css.foot}>Looking further back: at {seqName(sifted.from)}…</p>;
    case "far":
      return <p className={css.foot}>Looked back to {seqName(sifted.from)}. {on("Search on in the Log")}</p>;
    case "failed":
      return <p className={css.foot}>The history could not be read: this is what matches from {seqName(sifted.from)} on. {on("Search in the Log")}</p>;
    case "enough":
      return <p className={css.foot}>{sifted.rows.length < SHOWN ? "That is all that matches." : `The last ${SHOWN} that match.`} {on("All in the Log")}</p>;
  }
}
