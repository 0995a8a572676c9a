import { isProblem, type Item } from "../api/types.ts";
import { matches, type Filters } from "../filters/filters.ts";
import { toRow, type Row } from "../stream/rows.ts";
import type { View } from "./useHold.ts";

/** How many of the matching entries are shown. */
export const SHOWN = 50;

/**
 * The last matching entries, from what the stream brought and then from history.
 *
 * The stream stays unfiltered, for the status line, the counts in the title and the chart have to be true of the whole
 * record, and only a stream of everything can show that nothing is missing. A second one for the filter would bring what
 * this one has brought already; what it could not bring, the entries of before, is asked of the history, filtered there.
 */
export interface Sift {
  readonly filters: Filters;
  readonly epoch: string | null;
  /** Newest first. Every matching entry from `from` up to `upTo` is here, or there are newer ones enough. */
  readonly found: readonly Row[];
  readonly upTo: number;
  readonly from: number;
}

type Held = Pick<View, "epoch" | "next" | "rows" | "problems">;

/** What is held of the record. Of errors and criticals that is more than of the rest. */
function within(held: Held, filters: Filters): readonly Row[] {
  if (!filters.severity || !isProblem(filters.severity)) return held.rows;
  const below = held.rows.at(-1)?.seq ?? Infinity;
  return held.rows.concat(held.problems.filter((row) => row.seq < below));
}

const lowest = (rows: readonly Row[], else_: number): number => rows.at(-1)?.seq ?? else_;

export function begin(held: Held, filters: Filters): Sift {
  const rows = within(held, filters);
  const found = rows.filter((row) => matches(row, filters)).slice(0, SHOWN);
  return { filters, epoch: held.epoch, found, upTo: held.next, from: lowest(rows, held.next) };
}

/** Takes in what came since. Where more came than is held, what was found before no longer joins it: begins anew. */
export function absorb(sift: Sift, held: Held, filters: Filters): Sift {
  const rows = within(held, filters);
  const oldest = lowest(rows, held.next);
  if (sift.filters !== filters || sift.epoch !== held.epoch || oldest > sift.upTo || held.next < sift.upTo) return begin(held, filters);
  const deeper = oldest < sift.from && sift.found.length < SHOWN;
  if (held.next === sift.upTo && !deeper) return sift;
  const fresh = rows.filter((row) => row.seq >= sift.upTo && matches(row, filters));
  const below = deeper ? rows.filter((row) => row.seq < sift.from && matches(row, filters)) : [];
  return {
    ...sift,
    found: fresh.length + below.length > 0 ? [...fresh, ...sift.found, ...below].slice(0, SHOWN) : sift.found,
    upTo: held.next,
    from: deeper ? oldest : sift.from,
  };
}

/** Takes in a page of history that was asked for below `before`. */
export function deepen(sift: Sift, items: readonly Item[], before: number, next: number | null): Sift {
  if (before !== sift.from) return sift;
  const rows = items.map(toRow).filter((row) => matches(row, sift.filters));
  return { ...sift, found: [...sift.found, ...rows].slice(0, SHOWN), from: next ?? 0 };
}

/** The console looks for one text, this page for each of its words: ask for the longest, and look for the rest here. */
export function forHistory(filters: Filters): Filters {
  const [longest = ""] = filters.text.split(/\s+/).sort((a, b) => b.length - a.length);
  return { ...filters, text: longest };
}
