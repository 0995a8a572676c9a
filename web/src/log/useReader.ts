import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { useLocation } from "react-router";
import type { Filters } from "../filters/filters.ts";
import { useStream, useWatcher } from "../stream/StreamProvider.tsx";
import { withoutErased } from "../stream/erasures.ts";
import type { Pages } from "./pages.ts";
import { readPlace, visitOf } from "./place.ts";
import { LogReader, type Anchor } from "./reader.ts";

interface Reading {
  readonly reader: LogReader;
  /** What is shown: of the selection before, until the first of this one is here. */
  readonly pages: Pages;
  readonly stale: boolean;
}

/** Asked for by a person: the selection from its newest entry on, whatever is open. */
export interface Restart {
  readonly of: Filters | null;
}

/** Reads the selection for as long as it is wanted, and keeps up with the record. */
export function useReader(filters: Filters, opened: number | null, restart: Restart): Reading {
  const watcher = useWatcher();
  const live = useStream((state) => state.link.phase === "live");
  // Where it is opened at counts only in the beginning: going from entry to entry must not read anew.
  const opening = useRef<Anchor | null>(null);
  const visit = visitOf(useLocation());
  opening.current = readPlace(visit) ?? (opened === null ? null : { seq: opened, px: null });
  const reader = useMemo(() => new LogReader(filters, restart.of === filters ? null : opening.current), [filters, restart]);
  const pages = useSyncExternalStore(reader.subscribe, reader.getPages);
  useEffect(() => reader.start(), [reader]);

  // Past React: a busy stream would draw the page anew with every frame, for nothing that is shown.
  useEffect(() => {
    const grown = () => reader.grownTo(watcher.getState().next);
    grown();
    return watcher.subscribe(grown);
  }, [reader, watcher]);

  // The console is back: what failed meanwhile is tried again without being asked for.
  useEffect(() => {
    if (live && reader.getPages().error !== null) reader.goOn();
  }, [reader, live]);

  const kept = useRef(pages);
  if (pages.loaded || pages.error !== null) kept.current = pages;
  const shown = pages.loaded ? pages : kept.current;
  const erasures = useStream((state) => state.erasures);
  const left = useMemo(() => ({ ...shown, rows: withoutErased(shown.rows, erasures) }), [shown, erasures]);
  return { reader, pages: pages.loaded ? left : { ...left, looking: pages.looking, error: pages.error }, stale: !pages.loaded };
}
