import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { Filters } from "../filters/filters.ts";
import { useStream } from "../stream/StreamProvider.tsx";
import type { Pages } from "./pages.ts";
import { LogReader } from "./reader.ts";

interface Reading {
  readonly reader: LogReader;
  /** What is shown: of the selection before, until the first of this one is here. */
  readonly pages: Pages;
  readonly stale: boolean;
}

/** Reads the selection for as long as it is wanted, and keeps up with the record. `run` counts fresh starts. */
export function useReader(filters: Filters, anchor: number | null, run: number): Reading {
  const epoch = useStream((state) => state.epoch);
  const head = useStream((state) => state.next);
  const live = useStream((state) => state.link.phase === "live");
  // Where it is opened at counts only in the beginning: going from entry to entry must not read anew.
  const opening = useRef(anchor);
  opening.current = anchor;
  const reader = useMemo(() => new LogReader(filters, run === 0 ? opening.current : null), [filters, run]);
  const pages = useSyncExternalStore(reader.subscribe, reader.getPages);
  useEffect(() => reader.start(), [reader]);

  useEffect(() => {
    if (epoch !== null) reader.grownTo(head);
  }, [reader, epoch, head, pages.loaded]);

  // The console is back: what failed meanwhile is tried again without being asked for.
  useEffect(() => {
    if (live && reader.getPages().error !== null) reader.goOn();
  }, [reader, live]);

  const kept = useRef(pages);
  if (pages.loaded || pages.error !== null) kept.current = pages;
  return { reader, pages: pages.loaded ? pages : { ...kept.current, looking: pages.looking, error: pages.error }, stale: !pages.loaded };
}
