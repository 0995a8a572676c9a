import { useMemo, useState } from "react";
import type { Row } from "../stream/rows.ts";
import type { Seam } from "../stream/seams.ts";
import { useStream } from "../stream/StreamProvider.tsx";

/** What the list is drawn from. Its parts never change in place, so keeping it is holding still. */
export interface View {
  readonly epoch: string | null;
  readonly next: number;
  readonly rows: readonly Row[];
  readonly problems: readonly Row[];
  readonly seams: readonly Seam[];
}

interface Hold {
  /** What to draw: the present, or the moment when holding began. */
  readonly view: View;
  readonly live: View;
  readonly held: boolean;
  /** Moves a held view to the present. */
  renew(): void;
}

export function useHold(holding: boolean): Hold {
  const epoch = useStream((state) => state.epoch);
  const next = useStream((state) => state.next);
  const rows = useStream((state) => state.rows);
  const problems = useStream((state) => state.problems);
  const seams = useStream((state) => state.seams);
  const live = useMemo(() => ({ epoch, next, rows, problems, seams }), [epoch, next, rows, problems, seams]);
  const [kept, setKept] = useState<View | null>(null);
  // Another log than the one held: what was held cannot be gone back to.
  const keep = holding && (kept === null || kept.epoch === epoch);
  if (keep && kept === null) setKept(live);
  if (!keep && kept !== null) setKept(null);
  const view = keep && kept ? kept : live;
  return { view, live, held: keep, renew: () => setKept(null) };
}
