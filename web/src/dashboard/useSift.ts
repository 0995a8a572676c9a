import { useEffect, useMemo, useRef, useState } from "react";
import { getEvents } from "../api/client.ts";
import { isActive, needsConsole, type Filters } from "../filters/filters.ts";
import type { Row } from "../stream/rows.ts";
import { useWithoutErased } from "../stream/useErasures.ts";
import { absorb, begin, deepen, raise, SHOWN } from "./sift.ts";
import type { View } from "./useHold.ts";

/** Whoever types is not asked about yet. */
const SETTLED_MS = 250;
/** Answers read back for one filter; the Log is where one searches on. */
const MOST_ANSWERS = 8;
/** What came is asked about at most this often, and this much of it at once. */
const NEWER_EVERY_MS = 1000;
const NEWER_AFTER_FAILURE_MS = 10_000;
const NEWER_PAGE = 200;

export interface Sifted {
  readonly rows: readonly Row[];
  /** The rows are those of the filters before: the console is being asked. */
  readonly stale: boolean;
  /** Below this the record was not looked through; 0: it was, to its first entry. */
  readonly from: number;
  readonly state: "enough" | "looking" | "far" | "failed";
}

/** The last 50 that match: of what is held, and beyond it of the history. */
export function useSift(view: View, filters: Filters, loaded: boolean): Sifted {
  const active = isActive(filters);
  const [kept, setKept] = useState(() => begin(view, filters));
  const [reading, setReading] = useState({ filters, answers: 0, failed: false });
  const sift = active ? absorb(kept, view, filters) : kept;
  if (sift !== kept) setKept(sift);
  if (reading.filters !== filters) setReading({ filters, answers: 0, failed: false });

  const wanting = active && loaded && sift.found.length < SHOWN && sift.from > 0;
  const going = wanting && !reading.failed && reading.answers < MOST_ANSWERS;
  useEffect(() => {
    if (!going) return undefined;
    const asking = new AbortController();
    const before = sift.from;
    const timer = setTimeout(
      () => {
        getEvents({ limit: SHOWN, before }, asking.signal, filters).then(
          (page) => {
            if (asking.signal.aborted || page.epoch !== sift.epoch) return;
            setKept((now) => (now.filters === filters ? deepen(now, page.items, before, page.next) : now));
            setReading((now) => ({ ...now, answers: now.answers + 1 }));
          },
          () => {
            if (!asking.signal.aborted) setReading((now) => ({ ...now, failed: true }));
          },
        );
      },
      reading.answers === 0 ? SETTLED_MS : 0,
    );
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [going, filters, sift.from, sift.epoch, reading.answers]);

  // Where the page can tell for itself it has, and nothing is behind.
  const behind = active && loaded && sift.upTo < view.next;
  const [misses, setMisses] = useState(0);
  const latest = useRef({ view, askedAt: 0 });
  latest.current.view = view;
  useEffect(() => {
    if (!behind) return undefined;
    const asking = new AbortController();
    const from = sift.upTo;
    const dueAt = latest.current.askedAt + (misses === 0 ? NEWER_EVERY_MS : NEWER_AFTER_FAILURE_MS);
    const timer = setTimeout(() => {
      latest.current.askedAt = Date.now();
      getEvents({ limit: NEWER_PAGE, from }, asking.signal, filters).then(
        (page) => {
          if (asking.signal.aborted || page.epoch !== sift.epoch) return;
          setKept((now) => (now.filters === filters ? raise(now, page, from, latest.current.view) : now));
          setMisses(0);
        },
        () => {
          if (!asking.signal.aborted) setMisses((n) => n + 1);
        },
      );
    }, Math.max(0, dueAt - Date.now()));
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [behind, filters, sift.upTo, sift.epoch, misses]);

  const rows = useMemo(() => (active ? sift.found : view.rows.slice(0, SHOWN)), [active, sift, view]);
  const stale = going && needsConsole(filters) && reading.answers === 0;
  const shown = useRef(rows);
  if (!stale) shown.current = rows;
  const state = !wanting ? "enough" : going ? "looking" : reading.failed ? "failed" : "far";
  return { rows: useWithoutErased(shown.current), stale, from: active ? sift.from : 0, state };
}
