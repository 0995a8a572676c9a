import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { visible } from "../format/visible.ts";
import button from "../ui/Button.module.css";
import css from "./FilterBar.module.css";
import { notUnderstood, parseFilters, toQuery } from "./filters.ts";

const MOST = 5;
const LONGEST = 60;

const shortened = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

/** Says which parts of the address filter nothing: else whoever opens it takes the whole record for what was meant. */
export function NotUnderstood() {
  const [query, setQuery] = useSearchParams();
  const wrong = useMemo(() => notUnderstood(query), [query]);
  if (wrong.length === 0) return null;
  return (
    <p className={css.wrong} role="alert">
      <span>
        Not understood in this address, and left out:{" "}
        {wrong.slice(0, MOST).map((each, i) => (
          <span key={each}>
            {i > 0 && ", "}
            <bdi className={css.source}>{visible(shortened(each))}</bdi>
          </span>
        ))}
        {wrong.length > MOST && ` and ${wrong.length - MOST} more`}.
      </span>
      <button type="button" className={button.small} onClick={() => setQuery(toQuery(parseFilters(query)), { replace: true })}>
        Drop {wrong.length === 1 ? "it" : "them"}
      </button>
    </p>
  );
}
