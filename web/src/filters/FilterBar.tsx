import type { ReactNode } from "react";
import { CATEGORIES, SEVERITIES } from "../api/types.ts";
import { visible } from "../format/visible.ts";
import { SEARCH_ID } from "../frame/useShortcuts.ts";
import button from "../ui/Button.module.css";
import { cx } from "../ui/cx.ts";
import { SeverityMark } from "../ui/SeverityMark.tsx";
import { Chip } from "./Chip.tsx";
import css from "./FilterBar.module.css";
import { isActive, LONGEST_TEXT, NO_FILTERS, type Filters } from "./filters.ts";
import { SourceChoices } from "./SourceChoices.tsx";
import { toggled } from "./toggled.ts";

interface Props {
  readonly filters: Filters;
  readonly onFilters: (filters: Filters) => void;
  /** Chips beyond those that every list has. */
  readonly more?: ReactNode;
}

export function FilterBar({ filters, onFilters, more }: Props) {
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
        <SourceChoices chosen={filters.sources} onChoose={(source) => change({ sources: toggled(filters.sources, source) })} />
      </Chip>
      {more}
      <div className={css.search}>
        <input
          id={SEARCH_ID}
          type="search"
          className={css.text}
          aria-label="Filter by text"
          placeholder="Filter  /"
          maxLength={LONGEST_TEXT}
          value={filters.text}
          onChange={(event) => change({ text: event.target.value })}
        />
        {isActive(filters) && (
          <button type="button" className={cx(button.button, css.clear)} onClick={() => onFilters(NO_FILTERS)}>
            <span className={css.word}>Clear</span>
            <svg viewBox="0 0 10 10" width="10" height="10" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
              <path d="M1 1 9 9M9 1 1 9" />
            </svg>
          </button>
        )}
      </div>
    </div>
  );
}
