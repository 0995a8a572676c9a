import { CATEGORIES, SEVERITIES, isProblem, rank, type Category, type Severity } from "../api/types.ts";
import type { Row } from "../stream/rows.ts";

/** How many of the matching entries are shown. */
export const SHOWN = 50;

/** What the list is narrowed to. Lives in the URL, so that a view can be sent to someone. */
export interface Filters {
  readonly categories: readonly Category[];
  /** The mildest that is shown. */
  readonly severity: Severity | null;
  readonly sources: readonly string[];
  readonly text: string;
}

export const NO_FILTERS: Filters = { categories: [], severity: null, sources: [], text: "" };

export function parseFilters(query: URLSearchParams): Filters {
  const named = query.getAll("category");
  return {
    categories: CATEGORIES.filter((category) => named.includes(category)),
    severity: SEVERITIES.find((severity) => severity === query.get("severity")) ?? null,
    sources: [...new Set(query.getAll("source"))],
    text: query.get("q") ?? "",
  };
}

export function toQuery(filters: Filters): URLSearchParams {
  const query = new URLSearchParams();
  for (const category of filters.categories) query.append("category", category);
  if (filters.severity) query.set("severity", filters.severity);
  for (const source of filters.sources) query.append("source", source);
  if (filters.text) query.set("q", filters.text);
  return query;
}

export const isActive = (filters: Filters): boolean => toQuery(filters).size > 0;

const haystacks = new WeakMap<Row, string>();

/** Everything of an entry that a text filter looks into. Made when first asked for: most rows never are. */
function haystack(row: Row): string {
  let text = haystacks.get(row);
  if (text === undefined) {
    const { data, entry } = row.item;
    text = [`#${row.seq}`, row.category, row.severity, entry.principal, row.what, JSON.stringify(entry.event), JSON.stringify(data)].join("\n").toLowerCase();
    haystacks.set(row, text);
  }
  return text;
}

export function matches(row: Row, filters: Filters): boolean {
  if (filters.severity && rank(row.severity) < rank(filters.severity)) return false;
  if (filters.categories.length > 0 && !filters.categories.includes(row.category)) return false;
  if (filters.sources.length > 0 && !filters.sources.includes(row.source)) return false;
  return filters.text === "" || filters.text.toLowerCase().split(/\s+/).every((word) => haystack(row).includes(word));
}

/**
 * The newest matching rows. Of errors and criticals more are held than of the rest: where only these are wanted the
 * list goes on below the rows held.
 */
export function select(rows: readonly Row[], problems: readonly Row[], filters: Filters): Row[] {
  const found: Row[] = [];
  for (const row of rows) {
    if (found.length === SHOWN) return found;
    if (matches(row, filters)) found.push(row);
  }
  if (!filters.severity || !isProblem(filters.severity)) return found;
  const below = rows.at(-1)?.seq ?? Infinity;
  return found.concat(problems.filter((row) => row.seq < below && matches(row, filters))).slice(0, SHOWN);
}

export interface Loosening {
  readonly name: "category" | "severity" | "source" | "text";
  readonly filters: Filters;
  /** How many rows held would match then. */
  readonly matching: number;
}

/** For "nothing matches": the one filter to drop, that with the most behind it. */
export function loosen(rows: readonly Row[], filters: Filters): Loosening[] {
  const options: Omit<Loosening, "matching">[] = [];
  if (filters.text) options.push({ name: "text", filters: { ...filters, text: "" } });
  if (filters.sources.length > 0) options.push({ name: "source", filters: { ...filters, sources: [] } });
  if (filters.categories.length > 0) options.push({ name: "category", filters: { ...filters, categories: [] } });
  if (filters.severity) options.push({ name: "severity", filters: { ...filters, severity: null } });
  return options
    .map((option) => ({ ...option, matching: rows.filter((row) => matches(row, option.filters)).length }))
    .sort((a, b) => b.matching - a.matching);
}
