import { useEffect, useState } from "react";
import { getEvents } from "../api/client.ts";
import { loosened, NO_FILTERS, type Filters, type Loosened } from "../filters/filters.ts";
import { seqName } from "../format/number.ts";
import button from "../ui/Button.module.css";
import css from "../ui/Notices.module.css";

/** The newest entry that would match without a filter. */
interface Way extends Loosened {
  readonly newest: number;
}


async function tryWithout(way: Loosened, signal: AbortSignal): Promise<Way[]> {
  const { items } = await getEvents({ limit: 1 }, signal, way.filters);
  return items.map((item) => ({ ...way, newest: item.entry.seq }));
}

/** Says which filter to loosen: the console is asked what there is without each. */
export function NoMatch({ filters, onFilters }: { readonly filters: Filters; readonly onFilters: (filters: Filters) => void }) {
  const [ways, setWays] = useState<readonly Way[] | null>(null);
  useEffect(() => {
    const asking = new AbortController();
    setWays(null);
    void Promise.allSettled(loosened(filters).map((way) => tryWithout(way, asking.signal))).then((answers) => {
      if (asking.signal.aborted) return;
      const found = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
      setWays(found.sort((a, b) => b.newest - a.newest));
    });
    return () => asking.abort();
  }, [filters]);
  const single = loosened(filters).length === 1;
  return (
    <div className={css.notice}>
      <p role="status">
        Nothing matches.
        {!single && ways !== null && (ways.length > 0 ? " Loosen one of these:" : " No single filter is why: clear more than one.")}
      </p>
      <p className={css.choices}>
        {!single &&
          ways?.map((way) => (
            <button key={way.name} type="button" className={button.button} onClick={() => onFilters(way.filters)}>
              Clear the {way.name} filter: newest {seqName(way.newest)}
            </button>
          ))}
        <button type="button" className={button.button} onClick={() => onFilters(NO_FILTERS)}>
          {single ? `Clear the ${loosened(filters)[0]?.name ?? ""} filter` : "Clear all filters"}
        </button>
      </p>
    </div>
  );
}
