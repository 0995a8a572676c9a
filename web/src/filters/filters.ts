import { CATEGORIES, SEVERITIES, rank, type Category, type Severity } from "../api/types.ts";
import type { Row } from "../stream/rows.ts";

/**
 * What a list is narrowed to. Lives in the URL, so that a view can be sent to someone; the names there are those of
 * `GET /api/events`. Alternatives within one, all of them together.
 */
export interface Filters {
  readonly categories: readonly Category[];
  /** The mildest that is shown. */
  readonly severity: Severity | null;
  readonly sources: readonly string[];
  /** With a trailing `*`: what a type begins with. */
  readonly types: readonly string[];
  readonly traces: readonly string[];
  /** RFC 3339, on when entries were recorded: from, and before. Empty: unbounded. */
  readonly since: string;
  readonly until: string;
  readonly text: string;
}

export const NO_FILTERS: Filters = { categories: [], severity: null, sources: [], types: [], traces: [], since: "", until: "", text: "" };

/** The console's own bounds: beyond these it would refuse the query. */
export const LONGEST_TEXT = 500;
const MOST_ALTERNATIVES = 100;

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

const moment = (value: string | null): string => (value !== null && RFC_3339.test(value) && !Number.isNaN(Date.parse(value)) ? value : "");

const ONCE: readonly string[] = ["severity", "since", "until", "q"];

/** What the URL says that is no filter, as it says it: it is left out, and that has to be told. */
export function notUnderstood(query: URLSearchParams): string[] {
  const filters = parseFilters(query);
  const taken = toQuery(filters);
  const wrong = [...query].filter(([name, value]) => {
    if (value === "") return false;
    // The text may have been cut, and of two severities only one counts.
    return ONCE.includes(name) ? taken.get(name) !== value : !taken.has(name, value);
  });
  return [...new Set(wrong.map(([name, value]) => `${name}=${value}`))];
}

/** What the URL says wrongly is not a filter: a link that someone mangled still opens. */
export function parseFilters(query: URLSearchParams): Filters {
  const named = query.getAll("category");
  const each = (name: string): string[] => [...new Set(query.getAll(name))].filter(Boolean).slice(0, MOST_ALTERNATIVES);
  return {
    categories: CATEGORIES.filter((category) => named.includes(category)),
    severity: SEVERITIES.find((severity) => severity === query.get("severity")) ?? null,
    sources: each("source"),
    types: each("type"),
    traces: each("traceid"),
    since: moment(query.get("since")),
    until: moment(query.get("until")),
    text: (query.get("q") ?? "").slice(0, LONGEST_TEXT),
  };
}

export function toQuery(filters: Filters): URLSearchParams {
  const query = new URLSearchParams();
  for (const category of filters.categories) query.append("category", category);
  if (filters.severity) query.set("severity", filters.severity);
  for (const source of filters.sources) query.append("source", source);
  for (const type of filters.types) query.append("type", type);
  for (const trace of filters.traces) query.append("traceid", trace);
  if (filters.since) query.set("since", filters.since);
  if (filters.until) query.set("until", filters.until);
  if (filters.text) query.set("q", filters.text);
  return query;
}

export const isActive = (filters: Filters): boolean => toQuery(filters).size > 0;

/** `path`, narrowed. */
export function address(path: string, filters: Filters = NO_FILTERS): string {
  const query = toQuery(filters).toString();
  return query ? `${path}?${query}` : path;
}

export type FilterName = "category" | "severity" | "source" | "type" | "trace" | "time" | "text";

const PARTS: Readonly<Record<FilterName, Partial<Filters>>> = {
  text: { text: "" },
  trace: { traces: [] },
  type: { types: [] },
  source: { sources: [] },
  category: { categories: [] },
  severity: { severity: null },
  time: { since: "", until: "" },
};

export interface Loosened {
  readonly name: FilterName;
  readonly filters: Filters;
}

/** The same filters with each one that is set dropped in turn. */
export function loosened(filters: Filters): Loosened[] {
  const names = Object.keys(PARTS) as FilterName[];
  return names
    .map((name) => ({ name, filters: { ...filters, ...PARTS[name] } }))
    .filter((each) => toQuery(each.filters).size < toQuery(filters).size);
}

const isType = (type: string, wanted: string): boolean => (wanted.endsWith("*") ? type.startsWith(wanted.slice(0, -1)) : type === wanted);

/**
 * Whether only the console can tell what matches: it looks for a text in the data as it was sent, which is not kept here,
 * and times are compared to the microsecond.
 */
export const needsConsole = ({ text, since, until }: Filters): boolean => text !== "" || since !== "" || until !== "";

/** Whether a row is wanted, as the console decides it; all that only the console can tell is left to it. */
export function matches(row: Row, filters: Filters): boolean {
  if (filters.severity && rank(row.severity) < rank(filters.severity)) return false;
  if (filters.categories.length > 0 && !filters.categories.includes(row.category)) return false;
  if (filters.sources.length > 0 && !filters.sources.includes(row.source)) return false;
  if (filters.types.length > 0 && !filters.types.some((wanted) => isType(row.type, wanted))) return false;
  const trace = row.item.entry.event.traceid;
  return filters.traces.length === 0 || (typeof trace === "string" && filters.traces.includes(trace));
}
