import { useMemo } from "react";
import { FilterBar } from "../filters/FilterBar.tsx";
import type { Filters } from "../filters/filters.ts";
import { NameChips } from "../filters/NameChips.tsx";
import { NotUnderstood } from "../filters/NotUnderstood.tsx";
import { TimeChip } from "../filters/TimeChip.tsx";
import { count } from "../format/number.ts";
import type { Zone } from "../format/time.ts";
import button from "../ui/Button.module.css";
import { ExportLink } from "./ExportLink.tsx";
import { cx } from "../ui/cx.ts";
import css from "./LogBar.module.css";
import type { Pages } from "./pages.ts";

interface Props {
  readonly filters: Filters;
  readonly onFilters: (filters: Filters) => void;
  readonly pages: Pages;
  readonly zone: Zone;
  readonly onZone: (zone: Zone) => void;
  readonly onNewest: () => void;
}

/** What is listed, and by whose clock. */
export function LogBar({ filters, onFilters, pages, zone, onZone, onNewest }: Props) {
  const { fresh, rows, freshTop, size } = pages;
  const types = useMemo(() => [...new Set(rows.map((row) => row.type))].slice(0, 200), [rows]);
  const more = freshTop < size;
  return (
    <div className={css.bar}>
      <h1 className={css.heading}>Log</h1>
      {fresh.length > 0 && (
        <button type="button" className={cx(button.pill, css.pill)} onClick={onNewest}>
          {count(fresh.length)}
          {more && "+"} newer <span aria-hidden="true">↑</span>
        </button>
      )}
      <FilterBar
        filters={filters}
        onFilters={onFilters}
        more={
          <>
            <NameChips filters={filters} onFilters={onFilters} types={types} always />
            <TimeChip filters={filters} onFilters={onFilters} zone={zone} />
          </>
        }
      />
      <button type="button" className={button.button} aria-pressed={zone === "utc"} onClick={() => onZone(zone === "utc" ? "local" : "utc")}>
        UTC
      </button>
      <ExportLink filters={filters} />
      <NotUnderstood />
    </div>
  );
}
