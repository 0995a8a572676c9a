import { isProblem, type EventsPage, type Item } from "../api/types.ts";
import { matches, needsConsole, type Filters } from "../filters/filters.ts";
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
 * So is everything where only the console can tell what matches: then the stream says no more than that there is something
 * to ask about.
 */
export interface Sift {
  readonly filters: Filters;
  readonly epoch: string | null;
  /** Newest first. Every matching entry from `from` up to `upTo` is here, or there are newer ones enough. */
  readonly found: readonly Row[];
  /** What the stream has brought from here on is still to be asked about. */
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
  if (needsConsole(filters)) return { filters, epoch: held.epoch, found: [], upTo: held.next, from: held.next };
  const rows = within(held, filters);
  const found = rows.filter((row) => matches(row, filters)).slice(0, SHOWN);
  return { filters, epoch: held.epoch, found, upTo: held.next, from: lowest(rows, held.next) };
}

/** Takes in what came since. Where more came than is held, what was found before no longer joins it: begins anew. */
export function absorb(sift: Sift, held: Held, filters: Filters): Sift {
  const rows = within(held, filters);
  const oldest = lowest(rows, held.next);
  if (sift.filters !== filters || sift.epoch !== held.epoch || oldest > sift.upTo || held.next < sift.upTo) return begin(held, filters);
  const deeper = !needsConsole(filters) && oldest < sift.from && sift.found.length < SHOWN;
  if (held.next === sift.upTo && !deeper) return sift;
  const fresh = rows.filter((row) => row.seq >= sift.upTo && matches(row, filters));
  // Some of these may match: that is asked.
  if (needsConsole(filters) && fresh.length > 0) return sift;
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
  return { ...sift, found: [...sift.found, ...items.map(toRow)].slice(0, SHOWN), from: next ?? 0 };
}

/** Takes in a page that was asked for from `from` on. What the list does not hold yet is left for later. */
export function raise(sift: Sift, page: EventsPage, from: number, held: Held): Sift {
  if (from !== sift.upTo) return sift;
  const rows = page.items.filter((item) => item.entry.seq < held.next).map(toRow).reverse();
  return { ...sift, found: [...rows, ...sift.found].slice(0, SHOWN), upTo: Math.min(page.next ?? page.size, held.next) };
}
