import type { Category, Item, Severity } from "../api/types.ts";
import { isOwn, recordedBy } from "../format/own.ts";
import { what } from "../format/summary.ts";

/** Data of more characters than this is not kept: the console is asked for it again when the row is opened. */
const DATA_KEPT = 32_768;

/** An entry as the list, the counts and the filters need it. Made once, when it arrives. */
export interface Row {
  readonly seq: number;
  /** When it was recorded, in ms. */
  readonly at: number;
  readonly category: Category;
  readonly severity: Severity;
  readonly source: string;
  readonly type: string;
  /** Who recorded it, where the source does not tell; mostly empty. */
  readonly by: string;
  readonly what: string;
  readonly item: Item;
  /** False when its data is not kept here. */
  readonly whole: boolean;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** About how many characters a value holds; stops looking once it is more than `most`. */
function weigh(value: unknown, most: number): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  let total = 0;
  for (const [key, inner] of Object.entries(value)) {
    total += key.length + weigh(inner, most - total);
    if (total > most) break;
  }
  return total;
}

export function toRow(item: Item): Row {
  const { entry } = item;
  const whole = weigh(item.data_base64 ?? item.data, DATA_KEPT) <= DATA_KEPT;
  const at = Date.parse(entry.recorded);
  return {
    seq: entry.seq,
    at: Number.isNaN(at) ? 0 : at,
    category: entry.category,
    severity: entry.severity,
    source: text(entry.event.source),
    type: text(entry.event.type),
    by: recordedBy(entry),
    what: what(item),
    item: whole ? item : { entry },
    whole,
  };
}

/** Without its data: what it was about stays. */
export function lightened(row: Row): Row {
  const { item } = row;
  return "data" in item || item.data_base64 !== undefined ? { ...row, item: { entry: item.entry }, whole: false } : row;
}

/** What became of the record itself: the console erases this of no entry. */
const LASTING: readonly string[] = ["data.erased", "log.begun"];

export const hasErasable = (row: Row): boolean => row.item.entry.data_hash !== undefined && row.item.erased === undefined && !(isOwn(row.item.entry) && LASTING.includes(row.type));
