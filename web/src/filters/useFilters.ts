import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import { parseFilters, toQuery, type Filters } from "./filters.ts";

/** Filters in the URL. Each keystroke replaces the address: "back" leaves the page, not a letter. */
export function useFilters(): readonly [Filters, (filters: Filters) => void] {
  const [query, setQuery] = useSearchParams();
  const filters = useMemo(() => parseFilters(query), [query]);
  const set = useCallback((to: Filters) => setQuery(toQuery(to), { replace: true }), [setQuery]);
  return [filters, set];
}
