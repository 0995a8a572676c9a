import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { AgentsTable } from "../agents/AgentsTable.tsx";
import { FIRST_ORDER, ordered, parseOrder, sayOrder, type Order } from "../agents/order.ts";
import { useSources } from "../agents/useSources.ts";
import { MOST_SOURCES } from "../api/client.ts";
import { words } from "../api/errors.ts";
import { count, plural } from "../format/number.ts";
import { PageTitle } from "../frame/PageTitle.tsx";
import { LIST_ID, SEARCH_ID } from "../frame/useShortcuts.ts";
import { isOwn } from "../format/own.ts";
import button from "../ui/Button.module.css";
import { Empty } from "../ui/Empty.tsx";
import notices from "../ui/Notices.module.css";
import css from "./Agents.module.css";

const EVERY_MS = 10_000;

/** Everyone who was ever heard, and who is quieter than usual. */
export function Agents() {
  const { sources: heard, error, again } = useSources(EVERY_MS);
  const [query, setQuery] = useSearchParams();
  const order = parseOrder(query.get("sort"));
  const text = query.get("q") ?? "";
  const all = heard?.sources ?? [];
  const shown = useMemo(() => {
    const wanted = text.toLowerCase();
    return ordered(all.filter(({ source }) => source.toLowerCase().includes(wanted)), order);
  }, [heard, text, order.by, order.reversed]);
  const quiet = all.filter((source) => source.quiet).length;

  function set(name: "sort" | "q", value: string) {
    const next = new URLSearchParams(query);
    if (value) next.set(name, value);
    else next.delete(name);
    setQuery(next, { replace: true });
  }
  const sort = (to: Order) => set("sort", sayOrder(to) === sayOrder(FIRST_ORDER) ? "" : sayOrder(to));

  return (
    <div className={css.page}>
      <PageTitle name="Agents" />
      <div className={css.bar}>
        <h1 className={css.heading}>Agents</h1>
        {all.length > 0 && (
          <p className={css.sum}>
            {all.length === MOST_SOURCES ? `the ${count(MOST_SOURCES)} heard last` : plural(all.length, "source", "sources")} ·{" "}
            {quiet > 0 ? <b>{plural(quiet, "is quieter", "are quieter")} than usual</b> : "none quieter than usual"}
          </p>
        )}
        <input
          id={SEARCH_ID}
          type="search"
          className={css.text}
          aria-label="Filter by name"
          placeholder="Filter  /"
          value={text}
          onChange={(event) => set("q", event.target.value)}
        />
      </div>
      {error !== null && (
        <p className={css.failed} role="alert">
          {words(error).what} {heard ? "What is listed may be old." : words(error).next}{" "}
          <button type="button" className={button.small} onClick={again}>
            Try again
          </button>
        </p>
      )}
      <div id={LIST_ID} tabIndex={-1} className={css.scroller}>
        {heard === null && error === null && <p className={notices.foot}>Reading who was heard…</p>}
        {shown.length > 0 && heard !== null && <AgentsTable sources={shown} told={heard.time} order={order} onOrder={sort} />}
        {heard !== null && text === "" && all.every(({ entry }) => isOwn(entry)) && <Empty started={all.length > 0} />}
        {all.length > 0 && shown.length === 0 && (
          <div className={notices.notice}>
            <p>No source has “{text}” in its name.</p>
            <p>
              <button type="button" className={button.button} onClick={() => set("q", "")}>
                Clear the filter
              </button>
            </p>
          </div>
        )}
      </div>
    </div>
  );
}
