import type { EventsPage, Item } from "../api/types.ts";
import { lightened, toRow, type Row } from "../stream/rows.ts";

/** Rows held. Beyond, the end farther from the reader is let go of, and read again when it is scrolled back to. */
export const HELD = 5000;
/** Newer entries are read ahead up to here; what is beyond is told as "more". */
export const FRESH_HELD = 1000;

/** What is known of the selection: one run of it without a gap, and the newer entries waiting above. */
export interface Pages {
  readonly epoch: string | null;
  readonly size: number;
  readonly loaded: boolean;
  /** Newest first. Every matching entry from `bottom` (or the first) up to `top` is here. */
  readonly rows: readonly Row[];
  readonly top: number;
  /** Where reading on down begins; null: the record was read to its first entry. */
  readonly bottom: number | null;
  /** Read but not put into the list, which keeps its place: entries from `top` up to `freshTop`, newest first. */
  readonly fresh: readonly Row[];
  readonly freshTop: number;
  /** Rows put in above less rows taken away there, since the beginning: by how much positions have moved. */
  readonly shift: number;
  /** Matching entries found since the last stretch of reading down began. */
  readonly found: number;
  readonly looking: "down" | "stopped" | "no";
  readonly error: unknown;
}

export const NOTHING: Pages = {
  epoch: null, size: 0, loaded: false, rows: [], top: 0, bottom: null, fresh: [], freshTop: 0, shift: 0, found: 0, looking: "down", error: null,
};

export type PagesAction =
  /** The first page, read downwards from `from` (everything below it is in the page, or further down). */
  | { readonly type: "began"; readonly page: EventsPage; readonly from: number }
  | { readonly type: "looking" }
  | { readonly type: "older"; readonly page: EventsPage }
  /** A page upwards from `freshTop`. */
  | { readonly type: "newer"; readonly page: EventsPage }
  /** Puts the waiting entries into the list. */
  | { readonly type: "shown" }
  /** Enough was found, or there is no more. */
  | { readonly type: "rested" }
  | { readonly type: "stopped" }
  | { readonly type: "failed"; readonly error: unknown };

/** The data is read again for the one entry that is opened: thousands of rows must not each keep theirs. */
const lightRow = (item: Item): Row => lightened(toRow(item));

export function reducePages(state: Pages, action: PagesAction): Pages {
  switch (action.type) {
    case "began": {
      const rows = action.page.items.map(lightRow);
      return {
        ...NOTHING,
        epoch: action.page.epoch,
        size: action.page.size,
        loaded: true,
        rows,
        top: action.from,
        freshTop: action.from,
        bottom: action.page.next,
        found: rows.length,
        looking: "down",
      };
    }
    case "looking":
      return { ...state, looking: "down", found: 0, error: null };
    case "older":
      return older(state, action.page);
    case "newer":
      return newer(state, action.page);
    case "shown":
      return shown(state);
    case "rested":
      return { ...state, looking: "no" };
    case "stopped":
      return state.looking === "down" ? { ...state, looking: "stopped" } : state;
    case "failed":
      return { ...state, looking: "no", error: action.error };
  }
}

function older(state: Pages, page: EventsPage): Pages {
  const added = page.items.map(lightRow);
  const all = [...state.rows, ...added];
  const over = Math.max(0, all.length - HELD);
  const rows = all.slice(over);
  const after = { ...state, size: Math.max(state.size, page.size), rows, bottom: page.next, found: state.found + added.length };
  if (over === 0) return after;
  // What was waiting above is no longer next to the list.
  const top = (rows[0]?.seq ?? 0) + 1;
  return { ...after, top, fresh: [], freshTop: top, shift: state.shift - over };
}

function newer(state: Pages, page: EventsPage): Pages {
  const added = page.items.map(lightRow).reverse();
  return { ...state, size: Math.max(state.size, page.size), fresh: [...added, ...state.fresh], freshTop: page.next ?? page.size };
}

function shown(state: Pages): Pages {
  const all = [...state.fresh, ...state.rows];
  const rows = all.slice(0, HELD);
  return {
    ...state,
    rows,
    top: state.freshTop,
    bottom: all.length > HELD ? (rows.at(-1)?.seq ?? null) : state.bottom,
    fresh: [],
    shift: state.shift + state.fresh.length,
  };
}

/** Where `seq` stands among rows (newest first), or would stand. */
export function placeOf(rows: readonly Row[], seq: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.seq ?? 0) > seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface Neighbours {
  readonly newer: number | null;
  readonly older: number | null;
}

/** The entries of the list beside `seq`, as far as it was read without a gap: beyond, nobody knows what is next. */
export function neighbours({ rows, top, bottom }: Pages, seq: number): Neighbours {
  if (seq >= top || seq < (bottom ?? 0)) return { newer: null, older: null };
  const at = placeOf(rows, seq);
  const below = rows[at]?.seq === seq ? at + 1 : at;
  return { newer: rows[at - 1]?.seq ?? null, older: rows[below]?.seq ?? null };
}
