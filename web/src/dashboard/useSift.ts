import { useEffect, useMemo, useState } from "react";
import { getEvents } from "../api/client.ts";
import { isActive, type Filters } from "../filters/filters.ts";
import type { Row } from "../stream/rows.ts";
import { absorb, begin, deepen, forHistory, SHOWN } from "./sift.ts";
import type { View } from "./useHold.ts";

/** Whoever types is not asked about yet. */
const SETTLED_MS = 250;
/** Answers read back for one filter; the Log is where one searches on. */
const MOST_ANSWERS = 8;

export interface Sifted {
  readonly rows: readonly Row[];
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
        getEvents({ limit: SHOWN, before }, asking.signal, forHistory(filters)).then(
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

  const rows = useMemo(() => (active ? sift.found : view.rows.slice(0, SHOWN)), [active, sift, view]);
  const state = !wanting ? "enough" : going ? "looking" : reading.failed ? "failed" : "far";
  return { rows, from: active ? sift.from : 0, state };
}
