import { useEffect, useState } from "react";
import { getEvents } from "../api/client.ts";
import { loosened, NO_FILTERS, type Filters, type Loosened } from "../filters/filters.ts";
import { seqName } from "../format/number.ts";
import button from "../ui/Button.module.css";
import css from "../ui/Notices.module.css";
import { sayWays, without, worthTrying, type Way } from "./ways.ts";

function sayWay(way: Way): string {
  switch (way.is) {
    case "found":
      return `newest ${seqName(way.newest)}`;
    case "unsure":
      return `nothing from ${seqName(way.from)} on, older not looked through`;
    default:
      return "the console did not answer";
  }
}

/** Says which filter to loosen: the console is asked what there is without each. */
export function NoMatch({ filters, onFilters }: { readonly filters: Filters; readonly onFilters: (filters: Filters) => void }) {
  const [ways, setWays] = useState<readonly Way[] | null>(null);
  useEffect(() => {
    const asking = new AbortController();
    const ask = (each: Loosened) => without(each, (before) => getEvents({ limit: 1, ...(before !== undefined && { before }) }, asking.signal, each.filters));
    setWays(null);
    void Promise.all(loosened(filters).map(ask)).then((found) => {
      if (!asking.signal.aborted) setWays(found);
    });
    return () => asking.abort();
  }, [filters]);
  const single = loosened(filters).length === 1;
  return (
    <div className={css.notice}>
      <p role="status">
        Nothing matches.
        {!single && ways !== null && ` ${sayWays(ways)}`}
      </p>
      <p className={css.choices}>
        {!single &&
          worthTrying(ways ?? []).map((way) => (
            <button key={way.name} type="button" className={button.button} onClick={() => onFilters(way.filters)}>
              Clear the {way.name} filter: {sayWay(way)}
            </button>
          ))}
        <button type="button" className={button.button} onClick={() => onFilters(NO_FILTERS)}>
          {single ? `Clear the ${loosened(filters)[0]?.name ?? ""} filter` : "Clear all filters"}
        </button>
      </p>
    </div>
  );
}
