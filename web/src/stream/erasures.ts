import type { Erased } from "../api/types.ts";
import { isCount, isFields, text } from "../api/items.ts";
import { isOwn } from "../format/own.ts";
import { hasErasable, toRow, type Row } from "./rows.ts";

/** Entries from `first` to `last`, both with it, whose data is gone. */
interface Erasure {
  readonly first: number;
  readonly last: number;
  readonly erased: Erased;
}

/** What was erased since this page was opened: copies that it still holds are of before. */
export interface Erasures {
  readonly bySeq: ReadonlyMap<number, Erased>;
  /** Of several entries at once, the newest first. */
  readonly ranges: readonly Erasure[];
}

export const NONE: Erasures = { bySeq: new Map(), ranges: [] };

/** More than these are forgotten, the oldest first: by then no list holds a copy any more. */
const MOST = 10_000;
const MOST_RANGES = 200;

/** What an entry says was erased; null where it says nothing of the kind. */
export function erasureIn(row: Row): Erasure | null {
  const { entry, data } = row.item;
  if (row.type !== "data.erased" || !isOwn(entry) || !isFields(data)) return null;
  const { first, last } = data;
  if (!isCount(first) || !isCount(last) || first > last || last >= row.seq) return null;
  return { first, last, erased: { by: entry.principal, at: entry.recorded, reason: text(data.reason) } };
}

export function withErasures(known: Erasures, rows: readonly Row[]): Erasures {
  const found = rows.map(erasureIn).filter((erasure) => erasure !== null);
  if (found.length === 0) return known;
  const single = found.filter(({ first, last }) => first === last);
  const all = [...known.bySeq, ...single.map(({ first, erased }) => [first, erased] as const)];
  return { bySeq: new Map(all.slice(-MOST)), ranges: [...found.filter(({ first, last }) => first !== last), ...known.ranges].slice(0, MOST_RANGES) };
}

export function erasedAt({ bySeq, ranges }: Erasures, seq: number): Erased | null {
  return bySeq.get(seq) ?? ranges.find(({ first, last }) => first <= seq && seq <= last)?.erased ?? null;
}

/** The rows without what was erased meanwhile; the very same array where that is nothing. */
export function withoutErased(rows: readonly Row[], erasures: Erasures): readonly Row[] {
  if (erasures.bySeq.size === 0 && erasures.ranges.length === 0) return rows;
  let changed = false;
  const kept = rows.map((row) => {
    const erased = hasErasable(row) ? erasedAt(erasures, row.seq) : null;
    if (erased === null) return row;
    changed = true;
    return toRow({ entry: row.item.entry, erased });
  });
  return changed ? kept : rows;
}
