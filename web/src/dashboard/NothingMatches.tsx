import { plural } from "../format/number.ts";
import type { Row } from "../stream/rows.ts";
import button from "../ui/Button.module.css";
import { loosen, NO_FILTERS, type Filters } from "./filters.ts";
import css from "./Notices.module.css";

interface Props {
  readonly rows: readonly Row[];
  readonly filters: Filters;
  readonly onFilters: (filters: Filters) => void;
}

export function NothingMatches({ rows, filters, onFilters }: Props) {
  const [best] = loosen(rows, filters);
  return (
    <div className={css.notice}>
      <p>
        Nothing matches among the last {plural(rows.length, "entry", "entries")} held here; new ones that match will appear.
        {best && best.matching > 0 && ` Without the ${best.name} filter ${best.matching === 1 ? "one does" : `${plural(best.matching, "does", "do")}`}.`}
      </p>
      <p className={css.choices}>
        {best && best.matching > 0 && (
          <button type="button" className={button.button} onClick={() => onFilters(best.filters)}>
            Clear the {best.name} filter
          </button>
        )}
        <button type="button" className={button.button} onClick={() => onFilters(NO_FILTERS)}>
          Clear all filters
        </button>
      </p>
    </div>
  );
}
