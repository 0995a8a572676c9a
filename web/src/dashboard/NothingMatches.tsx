import { isActive, loosened, matches, needsConsole, NO_FILTERS, type Filters } from "../filters/filters.ts";
import { plural, seqName } from "../format/number.ts";
import type { Row } from "../stream/rows.ts";
import button from "../ui/Button.module.css";
import css from "../ui/Notices.module.css";
import type { Sifted } from "./useSift.ts";

interface Props {
  readonly rows: readonly Row[];
  readonly sifted: Sifted;
  readonly filters: Filters;
  readonly onFilters: (filters: Filters) => void;
}

/** The one filter to drop: that with the most behind it among the rows at hand, as far as these can tell. */
function best(rows: readonly Row[], filters: Filters) {
  return loosened(filters)
    .filter((each) => !needsConsole(each.filters))
    .map((each) => ({ ...each, matching: rows.filter((row) => matches(row, each.filters)).length }))
    .sort((a, b) => b.matching - a.matching)[0];
}

export function NothingMatches({ rows, sifted, filters, onFilters }: Props) {
  const drop = best(rows, filters);
  const far = sifted.state === "enough" ? "Nothing recorded so far matches" : `Nothing matches from ${seqName(sifted.from)} on`;
  return (
    <div className={css.notice}>
      <p>
        {far}; new entries that match will appear.
        {drop && drop.matching > 0 && ` Without the ${drop.name} filter ${plural(drop.matching, "does", "do")} of the last ${plural(rows.length, "entry", "entries")}.`}
      </p>
      <p className={css.choices}>
        {drop && drop.matching > 0 && isActive(drop.filters) && (
          <button type="button" className={button.button} onClick={() => onFilters(drop.filters)}>
            Clear the {drop.name} filter
          </button>
        )}
        <button type="button" className={button.button} onClick={() => onFilters(NO_FILTERS)}>
          Clear all filters
        </button>
      </p>
    </div>
  );
}
