import { useCallback, useEffect, useMemo, useState } from "react";
import { flushSync } from "react-dom";
import { useNavigate, useParams } from "react-router";
import { address, isActive, toQuery, type Filters } from "../filters/filters.ts";
import { useFilters } from "../filters/useFilters.ts";
import { seqName } from "../format/number.ts";
import { PageTitle } from "../frame/PageTitle.tsx";
import { LIST_ID } from "../frame/useShortcuts.ts";
import { EntryPanel } from "../log/EntryPanel.tsx";
import { LogBar } from "../log/LogBar.tsx";
import { LogFoot } from "../log/LogFoot.tsx";
import { LogList } from "../log/LogList.tsx";
import { NoMatch } from "../log/NoMatch.tsx";
import { neighbours } from "../log/pages.ts";
import { useReader, type Restart } from "../log/useReader.ts";
import { isOwn } from "../format/own.ts";
import { useStream } from "../stream/StreamProvider.tsx";
import { cx } from "../ui/cx.ts";
import { Empty } from "../ui/Empty.tsx";
import { ROOMY, useMedia } from "../ui/useMedia.ts";
import { useZone } from "../ui/useZone.ts";
import css from "./Log.module.css";

/** Whoever types is not asked about yet. */
const SETTLED_MS = 250;

/** The same filters a moment later, and the same object for as long as they say the same. */
function useSettled(filters: Filters): Filters {
  const [settled, setSettled] = useState(filters);
  const same = toQuery(settled).toString() === toQuery(filters).toString();
  // Only text is typed; everything else is chosen, and acts at once.
  const typed = !same && toQuery({ ...settled, text: "" }).toString() === toQuery({ ...filters, text: "" }).toString() && filters.text !== "";
  if (!same && !typed) setSettled(filters);
  useEffect(() => {
    if (!typed) return undefined;
    const timer = setTimeout(() => setSettled(filters), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [typed, filters]);
  return settled;
}

/** The record from its newest entry to its first. */
export function Log() {
  const { seq } = useParams();
  const navigate = useNavigate();
  const roomy = useMedia(ROOMY);
  const [zone, setZone] = useZone();
  const [filters, setFilters] = useFilters();
  const settled = useSettled(filters);
  const [restart, setRestart] = useState<Restart>({ of: null });
  const opened = seq !== undefined && /^\d{1,15}$/.test(seq) ? Number(seq) : null;
  const { reader, pages, stale } = useReader(settled, opened, restart);
  const epoch = useStream((state) => state.epoch);

  // Another log than the one that was read from.
  const other = pages.epoch !== null && epoch !== null && pages.epoch !== epoch;
  useEffect(() => {
    if (other) setRestart({ of: settled });
  }, [other]);

  const addressOf = useCallback((to: number) => address(`/log/${to}`, filters), [filters]);
  const open = useCallback((to: number) => void navigate(addressOf(to), { replace: seq !== undefined }), [navigate, addressOf, seq]);
  const close = useCallback(() => void navigate(address("/log", filters)), [navigate, filters]);
  const beside = useMemo(() => (opened === null ? null : neighbours(pages, opened)), [pages, opened]);
  const newer = useMemo(() => (beside?.newer == null ? null : () => open(beside.newer ?? 0)), [beside, open]);
  const older = useMemo(() => (beside?.older == null ? null : () => open(beside.older ?? 0)), [beside, open]);

  function newest() {
    // What is read ahead may not be all: then the list begins anew at its top.
    if (pages.freshTop < pages.size) return setRestart({ of: settled });
    // Put in first, or keeping its place would undo the scrolling.
    flushSync(reader.showFresh);
    document.getElementById(LIST_ID)?.scrollTo({ top: 0 });
  }

  const nothing = pages.loaded && !stale && pages.rows.length === 0 && pages.bottom === null;
  const idle = pages.loaded && !stale && pages.bottom === null && !isActive(settled) && pages.rows.every((row) => isOwn(row.item.entry));
  const covered = seq !== undefined && !roomy;
  return (
    <div className={cx(css.page, seq !== undefined && css.beside)}>
      <PageTitle name={opened === null ? "Log" : `${seqName(opened)} · Log`} />
      <div className={css.bar} inert={covered}>
        <LogBar
          filters={filters}
          onFilters={setFilters}
          pages={pages}
          zone={zone}
          onZone={setZone}
          onNewest={newest}
        />
      </div>
      <div className={css.list} inert={covered}>
        <LogList
          pages={pages}
          reader={reader}
          stale={stale}
          opened={opened}
          zone={zone}
          addressOf={addressOf}
          onOpen={open}
          foot={
            <>
              {idle && <Empty started={!nothing} />}
              {nothing && isActive(settled) && <NoMatch filters={settled} onFilters={setFilters} />}
              <LogFoot pages={pages} reader={reader} />
            </>
          }
        />
      </div>
      {seq !== undefined && <EntryPanel seq={seq} zone={zone} newer={newer} older={older} close={close} addressOf={addressOf} />}
    </div>
  );
}
