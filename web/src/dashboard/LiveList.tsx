import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent, type UIEvent } from "react";
import { EntryHead } from "../entries/EntryHead.tsx";
import table from "../entries/EntryTable.module.css";
import { FilterBar } from "../filters/FilterBar.tsx";
import { isActive, matches, needsConsole, type Filters } from "../filters/filters.ts";
import { NameChips } from "../filters/NameChips.tsx";
import { NotUnderstood } from "../filters/NotUnderstood.tsx";
import { TimeChip } from "../filters/TimeChip.tsx";
import { count } from "../format/number.ts";
import { dayOf } from "../format/time.ts";
import { LIST_ID } from "../frame/useShortcuts.ts";
import type { Mark } from "../stream/mark.ts";
import { isOwn } from "../format/own.ts";
import { placeOf } from "../stream/seams.ts";
import { useStream } from "../stream/StreamProvider.tsx";
import button from "../ui/Button.module.css";
import { cx } from "../ui/cx.ts";
import { Empty } from "../ui/Empty.tsx";
import { useEscape } from "../ui/useEscape.ts";
import { useNow } from "../ui/useNow.ts";
import { Announcer } from "./Announcer.tsx";
import { DayLine, LostLine, MarkLine, SeamLine } from "./Between.tsx";
import { HeartbeatRow } from "./HeartbeatRow.tsx";
import { lines } from "./lines.ts";
import { ListFoot } from "./ListFoot.tsx";
import css from "./LiveList.module.css";
import { LiveRow } from "./LiveRow.tsx";
import { NothingMatches } from "./NothingMatches.tsx";
import { Reading } from "./Reading.tsx";
import { useHold } from "./useHold.ts";
import { useHover } from "./useHover.ts";
import { useSift } from "./useSift.ts";

interface Props {
  readonly filters: Filters;
  readonly onFilters: (filters: Filters) => void;
  readonly opened: ReadonlySet<number>;
  readonly onOpened: (opened: ReadonlySet<number>) => void;
  readonly mark: Mark | null;
  /** Says that the page itself, not the list, was scrolled away from its top. */
  readonly away: boolean;
  readonly onBack: () => void;
}

const AWAY_PX = 8;
const MINUTE_MS = 60_000;
const NO_TYPES: readonly string[] = [];

export function LiveList({ filters, onFilters, opened, onOpened, mark, away, onBack }: Props) {
  const [paused, setPaused] = useState(false);
  const { hovering, onMove, onLeave } = useHover();
  const [focused, setFocused] = useState(false);
  const [scrolled, setScrolled] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);
  const { view, live, held, renew } = useHold(paused || hovering || focused || scrolled || away || opened.size > 0);
  const loaded = useStream((state) => state.loaded);
  const size = useStream((state) => state.size);
  const idle = useStream((state) => state.loaded && state.rows.length === state.size && state.rows.every((row) => isOwn(row.item.entry)));
  // Only to notice midnight.
  const today = dayOf(useNow(MINUTE_MS));

  const sifted = useSift(view, filters, loaded);
  const { rows, stale } = sifted;
  const drawn = useMemo(
    () => lines(rows, view.seams, mark?.epoch === view.epoch ? mark : null, Date.parse(`${today}T12:00`)),
    [rows, view, mark, today],
  );
  const fresh = useMemo(() => {
    if (!held) return 0;
    let n = 0;
    for (const row of live.rows) {
      if (row.seq < view.next) break;
      if (matches(row, filters)) n += 1;
    }
    return n;
  }, [held, live, view, filters]);
  const letGo = held && (live.rows.at(-1)?.seq ?? 0) > view.next;

  const latest = useRef({ opened, filters });
  latest.current = { opened, filters };
  const toggle = useCallback(
    (seq: number) => {
      const next = new Set(latest.current.opened);
      if (!next.delete(seq)) next.add(seq);
      onOpened(next);
    },
    [onOpened],
  );
  const narrow = useCallback((to: Partial<Filters>) => onFilters({ ...latest.current.filters, ...to }), [onFilters]);

  const closeAll = useCallback(() => onOpened(new Set()), [onOpened]);
  useEscape(opened.size > 0, closeAll);

  function back() {
    setPaused(false);
    onOpened(new Set());
    scroller.current?.scrollTo({ top: 0 });
    onBack();
    renew();
  }

  function step(event: KeyboardEvent) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const handles = [...event.currentTarget.querySelectorAll<HTMLElement>("button[aria-expanded]")];
    const at = handles.findIndex((handle) => handle === document.activeElement);
    if (at < 0) return;
    event.preventDefault();
    handles[at + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
  }

  const hasRows = loaded && rows.length > 0;

  // What holds the list must be in sight, or nobody would know why it stands still.
  useEffect(() => {
    if (!hasRows) {
      onLeave();
      setFocused(false);
    }
    if (opened.size === 0) return;
    if ([...opened].some((seq) => seq >= view.next)) renew();
    else if (sifted.state !== "looking" && !rows.some((row) => opened.has(row.seq))) onOpened(new Set());
  }, [hasRows, opened, sifted, view]);

  return (
    <section className={css.live} aria-labelledby="live">
      <div className={css.bar}>
        <h2 id="live" className={css.heading}>
          Live
        </h2>
        {held && fresh > 0 && (
          <button type="button" className={button.pill} onClick={back}>
            {count(fresh)}
            {letGo && "+"} new{needsConsole(filters) && ", not looked through"} <span aria-hidden="true">↑</span>
          </button>
        )}
        {held && fresh === 0 && <span className={css.still}>{paused ? "paused" : "holding still"}</span>}
        <FilterBar
          filters={filters}
          onFilters={onFilters}
          more={
            <>
              <NameChips filters={filters} onFilters={onFilters} types={NO_TYPES} />
              {(filters.since !== "" || filters.until !== "") && <TimeChip filters={filters} onFilters={onFilters} zone="local" />}
            </>
          }
        />
        <button type="button" className={button.button} onClick={() => (paused ? back() : setPaused(true))}>
          {paused ? "Resume" : "Pause"}
        </button>
        <NotUnderstood />
      </div>
      <div ref={scroller} id={LIST_ID} tabIndex={-1} className={cx(table.scroller, css.scroller)} onScroll={(event: UIEvent) => setScrolled(event.currentTarget.scrollTop > AWAY_PX)}>
        <table className={table.table} aria-label="Live messages" aria-busy={!loaded || stale}>
          <EntryHead size={size} time="time" />
          <tbody>
            <HeartbeatRow />
          </tbody>
          {hasRows && (
            <tbody
              className={cx(stale && table.stale)}
              onPointerMove={onMove}
              onPointerLeave={onLeave}
              onFocus={(event) => setFocused(event.target.matches(":focus-visible"))}
              onBlur={(event) => setFocused(event.currentTarget.contains(event.relatedTarget))}
              onKeyDown={step}
            >
              {drawn.map((line) => {
                switch (line.kind) {
                  case "row":
                    return <LiveRow key={line.row.seq} row={line.row} open={opened.has(line.row.seq)} onToggle={toggle} onNarrow={narrow} />;
                  case "seam":
                    return <SeamLine key={`${line.seam.kind} ${placeOf(line.seam)}`} seam={line.seam} />;
                  case "lost":
                    return <LostLine key={`lost ${line.seam.boundary}`} at={line.seam.lostAt} />;
                  case "mark":
                    return <MarkLine key="mark" mark={line.mark} />;
                  case "day":
                    return <DayLine key={dayOf(line.at)} at={line.at} />;
                }
              })}
            </tbody>
          )}
        </table>
        {!loaded && <Reading />}
        {idle && (size === 0 || !isActive(filters)) && <Empty started={size > 0} />}
        {loaded && size > 0 && rows.length === 0 && !stale && isActive(filters) && <NothingMatches rows={view.rows} sifted={sifted} filters={filters} onFilters={onFilters} />}
        {loaded && size > 0 && (rows.length > 0 || sifted.state === "looking") && <ListFoot sifted={sifted} filters={filters} />}
      </div>
      <Announcer />
    </section>
  );
}
