import { useMemo } from "react";
import { CATEGORIES, SEVERITIES } from "../api/types.ts";
import { count } from "../format/number.ts";
import { visible } from "../format/visible.ts";
import { SEARCH_ID } from "../frame/useShortcuts.ts";
import { useStream } from "../stream/StreamProvider.tsx";
import button from "../ui/Button.module.css";
import { SeverityMark } from "../ui/SeverityMark.tsx";
import { Chip } from "./Chip.tsx";
import css from "./FilterBar.module.css";
import { isActive, NO_FILTERS, type Filters } from "./filters.ts";

/** Sources listed in the menu, the busiest first; the text filter finds any other. */
const MOST_SOURCES = 40;

const toggled = <T,>(list: readonly T[], each: T): T[] => (list.includes(each) ? list.filter((other) => other !== each) : [...list, each]);

interface Props {
  readonly filters: Filters;
  readonly onFilters: (filters: Filters) => void;
}

export function FilterBar({ filters, onFilters }: Props) {
  const change = (to: Partial<Filters>) => onFilters({ ...filters, ...to });
  return (
    <div className={css.filters} role="group" aria-label="Filters">
      <Chip name="category" value={filters.categories.join(", ")}>
        <div className={css.columns}>
          {CATEGORIES.map((category) => (
            <label key={category}>
              <input type="checkbox" checked={filters.categories.includes(category)} onChange={() => change({ categories: toggled(filters.categories, category) })} />
              {category}
            </label>
          ))}
        </div>
      </Chip>
      <Chip name="severity" value={filters.severity ? `≥ ${filters.severity}` : ""}>
        <label>
          <input type="radio" name="severity" checked={filters.severity === null} onChange={() => change({ severity: null })} />
          any
        </label>
        {SEVERITIES.slice(1).map((severity) => (
          <label key={severity}>
            <input type="radio" name="severity" checked={filters.severity === severity} onChange={() => change({ severity })} />
            <SeverityMark severity={severity} />
            {severity !== "critical" && <span className={css.more}>or graver</span>}
          </label>
        ))}
      </Chip>
      <Chip name="source" value={filters.sources.map(visible).join(", ")}>
        <Sources chosen={filters.sources} onChoose={(source) => change({ sources: toggled(filters.sources, source) })} />
      </Chip>
      <input
        id={SEARCH_ID}
        type="search"
        className={css.text}
        aria-label="Filter by text"
        placeholder="Filter  /"
        value={filters.text}
        onChange={(event) => change({ text: event.target.value })}
      />
      {isActive(filters) && (
        <button type="button" className={button.button} onClick={() => onFilters(NO_FILTERS)}>
          Clear
        </button>
      )}
    </div>
  );
}

function Sources({ chosen, onChoose }: { readonly chosen: readonly string[]; readonly onChoose: (source: string) => void }) {
  const rows = useStream((state) => state.rows);
  const seen = useMemo(() => {
    const counts = new Map(chosen.map((source) => [source, 0]));
    for (const row of rows) counts.set(row.source, (counts.get(row.source) ?? 0) + 1);
    // By name: sorted by count they would change places under the pointer.
    return [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_SOURCES).sort((a, b) => a[0].localeCompare(b[0]));
  }, [rows, chosen]);
  if (seen.length === 0) return <p className={css.more}>none seen yet</p>;
  return seen.map(([source, times]) => (
    <label key={source}>
      <input type="checkbox" checked={chosen.includes(source)} onChange={() => onChoose(source)} />
      <bdi className={css.source}>{visible(source) || "(empty)"}</bdi>
      <span className={css.more}>{count(times)}</span>
    </label>
  ));
}
