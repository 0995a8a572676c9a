/** Where the list was interrupted, and what became of it. */

interface Told {
  /** Someone said to have seen it. */
  readonly seen?: true;
}

/** Entries from `boundary` up to `target` were missed, and come after all: the seam lies on top of them. */
export interface Reconnected extends Told {
  readonly kind: "reconnected";
  readonly boundary: number;
  /** When the connection was lost, in ms. */
  readonly lostAt: number;
  readonly offlineMs: number;
  /** How often the connection went before all was recovered. */
  readonly times: number;
  readonly target: number;
  readonly recovered: number;
  readonly missing: number;
}

/** The console's log is not the one this page knew: another epoch, or shorter than what was already seen. */
export interface OtherRecord extends Told {
  readonly kind: "other";
  readonly boundary: number;
  readonly reason: "epoch" | "ahead";
}

/** The stream skipped numbers while connected. It never should. */
export interface Hole extends Told {
  readonly kind: "hole";
  readonly boundary: number;
  readonly missing: number;
}

export type Seam = Reconnected | OtherRecord | Hole;

const MOST = 50;

/** The `seq` that a seam is drawn below. */
export const placeOf = (seam: Seam): number => (seam.kind === "reconnected" ? seam.target : seam.boundary);

export const isWhole = (seam: Reconnected): boolean => seam.recovered + seam.missing >= seam.target - seam.boundary;

/** Whether someone has yet to hear of it. Where nothing was recorded meanwhile, there is nothing to hear of. */
export const isUntold = (seam: Seam): boolean => !seam.seen && !(seam.kind === "reconnected" && seam.target === seam.boundary);

/** Adds a seam. A loss before the last one was made up for, or with nothing recorded since, is told as part of that. */
export function withSeam(seams: readonly Seam[], seam: Seam): readonly Seam[] {
  const last = seams[0];
  if (seam.kind === "reconnected" && last?.kind === "reconnected" && (last.target === seam.boundary || !isWhole(last))) {
    const { seen: _, ...before } = last;
    const joined = { ...before, target: seam.target, offlineMs: last.offlineMs + seam.offlineMs, times: last.times + 1 };
    return [joined, ...seams.slice(1)];
  }
  return [seam, ...seams].slice(0, MOST);
}

/** Counts into the newest seam if that one is still being recovered. */
export function recover(seams: readonly Seam[], recovered: number, missing: number): readonly Seam[] {
  const [last, ...rest] = seams;
  if (last?.kind !== "reconnected" || (recovered === 0 && missing === 0)) return seams;
  return [{ ...last, recovered: last.recovered + recovered, missing: last.missing + missing }, ...rest];
}
