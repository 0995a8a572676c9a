import { useCallback, useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { useLocation } from "react-router";
import { EntryHead } from "../entries/EntryHead.tsx";
import table from "../entries/EntryTable.module.css";
import type { Zone } from "../format/time.ts";
import { LIST_ID } from "../frame/useShortcuts.ts";
import { cx } from "../ui/cx.ts";
import { useMedia, WIDE } from "../ui/useMedia.ts";
import { useNow } from "../ui/useNow.ts";
import css from "./LogList.module.css";
import { LogRow } from "./LogRow.tsx";
import { placeOf, type Pages } from "./pages.ts";
import { visitOf, writePlace } from "./place.ts";
import type { LogReader } from "./reader.ts";
import { centre, drawn, reveal } from "./window.ts";

/** As the stylesheet has them. */
const ROW_PX = 24;
const TWO_LINES_PX = 53;
const HEAD_PX = 24;
/** More is read when the end is this near. */
const NEAR_ROWS = 40;
const NEAR_TOP_PX = 8;
const DAY_MS = 86_400_000;

interface Props {
  readonly pages: Pages;
  readonly reader: LogReader;
  readonly stale: boolean;
  readonly opened: number | null;
  readonly zone: Zone;
  readonly addressOf: (seq: number) => string;
  readonly onOpen: (seq: number) => void;
  /** What is told below the last row. */
  readonly foot: ReactNode;
}

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

/** The selection, newest first. Only rows near the view are drawn; the rest is two empty rows of the right height. */
export function LogList({ pages, reader, stale, opened, zone, addressOf, onOpen, foot }: Props) {
  const { rows, shift } = pages;
  const wide = useMedia(WIDE);
  const rowPx = wide ? ROW_PX : TWO_LINES_PX;
  const headPx = wide ? HEAD_PX : 0;
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, px: 800 });
  const [cursor, setCursor] = useState<number | null>(null);
  const now = useNow(DAY_MS);
  const { from, to } = drawn(rows.length, rowPx, view.top, view.px);

  const look = useCallback(() => {
    const element = scroller.current;
    if (!element) return;
    setView((before) => {
      const after = { top: element.scrollTop, px: element.clientHeight };
      const [a, b] = [drawn(Infinity, rowPx, before.top, before.px), drawn(Infinity, rowPx, after.top, after.px)];
      return a.from === b.from && a.to === b.to ? before : after;
    });
  }, [rowPx]);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, [look]);

  // Rows put in above, or taken away there, must not move those being read.
  const shifted = useRef({ reader, shift });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const moved = shifted.current.reader === reader ? shift - shifted.current.shift : 0;
    shifted.current = { reader, shift };
    if (moved !== 0) element.scrollTop += moved * rowPx;
    look();
  }, [reader, shift, rowPx, look]);

  const show = useCallback(
    (at: number, inTheMiddle = false) => {
      const element = scroller.current;
      if (!element) return;
      const viewPx = element.clientHeight - headPx;
      const top = reveal(at, rowPx, element.scrollTop, viewPx);
      if (top !== null) element.scrollTop = inTheMiddle ? centre(at, rowPx, viewPx) : top;
      look();
    },
    [rowPx, headPx, look],
  );

  // Leaving it, for another page or another selection, one may come back.
  const visit = visitOf(useLocation());
  const last = useRef({ rows, stale });
  useLayoutEffect(() => {
    last.current = { rows, stale };
  });
  useLayoutEffect(() => {
    const element = scroller.current;
    return () => {
      // As it was drawn last: what comes in its place is not yet.
      const was = last.current;
      if (!element || was.stale) return;
      const at = Math.floor(element.scrollTop / rowPx);
      const top = element.scrollTop > 0 ? was.rows[at] : undefined;
      writePlace(visit, top ? { seq: top.seq, px: element.scrollTop - at * rowPx } : null);
    };
  }, [visit, rowPx]);

  // A selection begins at its top, at the entry that is open, or where it was left.
  const begun = useRef<LogReader | null>(null);
  useLayoutEffect(() => {
    if (stale || begun.current === reader) return;
    begun.current = reader;
    scroller.current?.scrollTo({ top: 0 });
    setCursor(null);
    const { anchor } = reader;
    if (anchor !== null && rows.length > 0) {
      const at = Math.min(rows.length - 1, placeOf(rows, anchor.seq));
      if (anchor.px === null) show(at, true);
      else scroller.current?.scrollTo({ top: at * rowPx + anchor.px });
    }
    look();
  }, [reader, stale, rows, rowPx, show, look]);

  const focusing = useRef<number | null>(null);
  const before = useRef(opened);
  useLayoutEffect(() => {
    const was = before.current;
    before.current = opened;
    if (opened === was) return;
    const inside = scroller.current?.contains(document.activeElement) ?? false;
    // With the panel goes the focus that was in it.
    const lost = document.activeElement === document.body;
    const wanted = opened ?? was;
    if (wanted === null) return;
    const at = Math.min(rows.length - 1, placeOf(rows, wanted));
    const nearest = rows[at];
    if (!nearest) {
      if (opened === null && lost) scroller.current?.focus({ preventScroll: true });
      return;
    }
    setCursor(nearest.seq);
    // Closing gives focus back to the row, or to the one nearest to an entry that is not listed; going on takes it along if it is here.
    if (opened === null ? lost || inside : inside && nearest.seq === opened) focusing.current = nearest.seq;
    show(at);
  }, [opened, rows, show]);

  useLayoutEffect(() => {
    if (focusing.current === null) return;
    const link = scroller.current?.querySelector<HTMLElement>(`[data-seq="${focusing.current}"]`);
    // Not drawn yet. What is armed is always listed, so that it will be at once: else it would jump there from wherever one is by then.
    if (!link) return;
    focusing.current = null;
    link.focus({ preventScroll: true });
  });

  useEffect(() => {
    if (!stale && to > rows.length - NEAR_ROWS) reader.wantOlder();
  }, [reader, stale, to, rows.length, pages.looking]);

  const lastTop = useRef(0);
  function scrolled() {
    const top = scroller.current?.scrollTop ?? 0;
    if (top < lastTop.current && top < NEAR_TOP_PX) reader.showFresh();
    lastTop.current = scroller.current?.scrollTop ?? 0;
    look();
  }

  function step(event: KeyboardEvent) {
    // While an entry is open the arrows go from entry to entry: see useSteps.
    if (event.ctrlKey || event.metaKey || event.altKey || rows.length === 0) return;
    if (!(event.target instanceof HTMLElement) || event.target.dataset.seq === undefined) return;
    if (opened !== null && event.key.startsWith("Arrow")) return;
    const page = Math.max(1, Math.floor((view.px - headPx) / rowPx) - 1);
    const by = event.key === "PageDown" ? page : event.key === "PageUp" ? -page : STEPS[event.key];
    if (by === undefined) return;
    event.preventDefault();
    if (by < 0 && rows[0]?.seq === Number(event.target.dataset.seq)) return reader.showFresh();
    const at = Math.max(0, Math.min(rows.length - 1, placeOf(rows, Number(event.target.dataset.seq)) + by));
    const seq = rows[at]?.seq ?? null;
    setCursor(seq);
    focusing.current = seq;
    show(at);
  }

  const firstSeen = Math.min(rows.length - 1, Math.ceil(view.top / rowPx));
  const at = cursor === null ? -1 : placeOf(rows, cursor);
  const stop = at >= from && at < to ? at : firstSeen;
  return (
    <div ref={scroller} id={LIST_ID} tabIndex={-1} className={cx(table.scroller, css.scroller, stale && table.stale)} onScroll={scrolled}>
      <table className={cx(table.table, table.stamped)} aria-label="Entries" aria-busy={stale} aria-rowcount={pages.bottom === null && pages.loaded ? rows.length + 1 : -1}>
        <EntryHead size={pages.size} time={zone === "utc" ? "time UTC" : "time"} stamped />
        <tbody onKeyDown={step}>
          <Gap px={from * rowPx} />
          {rows.slice(from, to).map((row, i) => (
            <LogRow
              key={row.seq}
              row={row}
              at={from + i}
              to={addressOf(row.seq)}
              opened={row.seq === opened}
              replace={opened !== null}
              stop={from + i === stop}
              zone={zone}
              now={now}
              onOpen={onOpen}
            />
          ))}
          <Gap px={(rows.length - to) * rowPx} />
        </tbody>
      </table>
      {foot}
    </div>
  );
}

function Gap({ px }: { readonly px: number }) {
  return px <= 0 ? null : (
    <tr className={css.gap} aria-hidden="true">
      <td colSpan={7} style={{ height: px }} />
    </tr>
  );
}
