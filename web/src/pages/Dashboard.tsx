import { useCallback, useMemo, useRef, useState } from "react";
import { quietOnes } from "../agents/order.ts";
import { useSources } from "../agents/useSources.ts";
import type { Category } from "../api/types.ts";
import { Alarm, Refusal } from "../dashboard/Alarm.tsx";
import { Attention, useConcerns } from "../dashboard/Attention.tsx";
import { Checkpoint } from "../dashboard/Checkpoint.tsx";
import { NO_FILTERS } from "../filters/filters.ts";
import { HalfHour } from "../dashboard/HalfHour.tsx";
import { LiveList } from "../dashboard/LiveList.tsx";
import { useFilters } from "../filters/useFilters.ts";
import { useMark } from "../dashboard/useMark.ts";
import { plural } from "../format/number.ts";
import { PageTitle } from "../frame/PageTitle.tsx";
import type { Row } from "../stream/rows.ts";
import { useStream } from "../stream/StreamProvider.tsx";
import { ROOMY, useMedia } from "../ui/useMedia.ts";
import css from "./Dashboard.module.css";

const AWAY_PX = 8;
/** Who is quiet is known to the minute or so; the Agents page asks more often. */
const SOURCES_EVERY_MS = 30_000;

export function Dashboard() {
  const roomy = useMedia(ROOMY);
  const [filters, setFilters] = useFilters();
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const [away, setAway] = useState(false);
  const page = useRef<HTMLDivElement>(null);
  const mark = useMark();
  const { sources } = useSources(SOURCES_EVERY_MS);
  const quiet = useMemo(() => sources && quietOnes(sources.sources), [sources]);

  const show = (row: Row) => {
    setFilters({ ...NO_FILTERS, severity: row.severity, sources: [row.source], types: [row.type] });
    setOpened(new Set([row.seq]));
  };
  const category = (chosen: Category) => {
    const others = filters.categories.filter((each) => each !== chosen);
    setFilters({ ...filters, categories: others.length < filters.categories.length ? others : [...others, chosen] });
  };
  const back = useCallback(() => page.current?.scrollTo({ top: 0 }), []);

  const panel = (
    <>
      <Attention quiet={quiet ?? []} onShow={show} onShowAll={() => setFilters({ ...NO_FILTERS, severity: "error" })} />
      <HalfHour chosen={filters.categories} onCategory={category} />
      <Checkpoint />
    </>
  );
  return (
    <div
      ref={page}
      className={css.dashboard}
      onScroll={(event) => {
        if (event.target === event.currentTarget) setAway(event.currentTarget.scrollTop > AWAY_PX);
      }}
    >
      <PageTitle name="Dashboard" />
      <h1 className="hidden">Dashboard</h1>
      <Alarm />
      <Refusal />
      <div className={css.columns}>
        {!roomy && (
          <details className={css.fold}>
            <Summary quiet={quiet?.length ?? null} />
            <div className={css.panel}>{panel}</div>
          </details>
        )}
        <LiveList filters={filters} onFilters={setFilters} opened={opened} onOpened={setOpened} mark={mark} away={away} onBack={back} />
        {roomy && (
          <aside className={css.side} aria-label="Last 30 minutes">
            {panel}
          </aside>
        )}
      </div>
    </div>
  );
}

/** Where there is no room for the panel, whether to open it. `quiet`: null while nobody knows. */
function Summary({ quiet }: { readonly quiet: number | null }) {
  const known = useStream((state) => state.problemsRead);
  const refused = useStream((state) => state.refused !== null);
  const wanting = useConcerns().all.length + (quiet ?? 0) + Number(refused);
  return (
    <summary className={wanting > 0 ? css.wanting : undefined}>
      Last 30 minutes
      {wanting > 0 && ` · ${plural(wanting, "thing wants", "things want")} attention`}
      {wanting === 0 && known && quiet !== null && " · nothing wants attention"}
    </summary>
  );
}
