import { CATEGORIES, SEVERITIES, rank } from "../api/types.ts";
import type { Row } from "./rows.ts";

/** How far back the counts on the Dashboard go. */
export const MINUTES = 30;

export interface Minute {
  /** By rank, in the order of SEVERITIES. */
  readonly severities: readonly number[];
  /** In the order of CATEGORIES. */
  readonly categories: readonly number[];
}

export interface Tally {
  /** By minute since 1970, in the console's time. */
  readonly minutes: ReadonlyMap<number, Minute>;
  /** By second since 1970: the last minute's, for the rate. */
  readonly seconds: ReadonlyMap<number, number>;
}

export const NOTHING: Tally = { minutes: new Map(), seconds: new Map() };

/** Counts rows in, and drops what `now` has left behind. Rows may come in any order, each once. */
export function count(tally: Tally, rows: readonly Row[], now: number): Tally {
  const minutes = new Map(tally.minutes);
  const seconds = new Map(tally.seconds);
  const firstMinute = Math.floor(now / 60_000) - MINUTES;
  const firstSecond = Math.floor(now / 1000) - 60;
  const opened = new Map<number, { severities: number[]; categories: number[] }>();
  for (const row of rows) {
    const minute = Math.floor(row.at / 60_000);
    let counts = opened.get(minute);
    if (!counts) {
      const before = minutes.get(minute);
      counts = {
        severities: before ? [...before.severities] : SEVERITIES.map(() => 0),
        categories: before ? [...before.categories] : CATEGORIES.map(() => 0),
      };
      opened.set(minute, counts);
      minutes.set(minute, counts);
    }
    const severity = rank(row.severity);
    const category = CATEGORIES.indexOf(row.category);
    counts.severities[severity] = (counts.severities[severity] ?? 0) + 1;
    counts.categories[category] = (counts.categories[category] ?? 0) + 1;
    const second = Math.floor(row.at / 1000);
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
  for (const minute of minutes.keys()) if (minute < firstMinute) minutes.delete(minute);
  for (const second of seconds.keys()) if (second < firstSecond) seconds.delete(second);
  return { minutes, seconds };
}

/** Entries recorded in the minute before `now`. */
export function aMinute(tally: Tally, now: number): number {
  const first = Math.floor(now / 1000) - 59;
  let total = 0;
  for (const [second, n] of tally.seconds) if (second >= first) total += n;
  return total;
}

export interface Bar {
  /** Start of the minute, in ms. */
  readonly at: number;
  readonly severities: readonly number[];
  readonly total: number;
  /** How much of what was recorded in it was counted. */
  readonly counted: "all" | "some" | "none";
}

/** The last thirty minutes up to and with the one that `now` is in, oldest first, none left out. `from`: nothing before it was counted. */
export function bars(tally: Tally, now: number, from = 0): Bar[] {
  const last = Math.floor(now / 60_000);
  return Array.from({ length: MINUTES }, (_, i) => {
    const minute = last - MINUTES + 1 + i;
    const severities = tally.minutes.get(minute)?.severities ?? SEVERITIES.map(() => 0);
    const at = minute * 60_000;
    return { at, severities, total: severities.reduce((sum, n) => sum + n, 0), counted: at >= from ? "all" : at + 60_000 > from ? "some" : "none" };
  });
}

/** Totals of the same minutes, in the order of CATEGORIES. */
export function byCategory(tally: Tally, now: number): number[] {
  const last = Math.floor(now / 60_000);
  const totals = CATEGORIES.map(() => 0);
  for (const [minute, counts] of tally.minutes) {
    if (minute <= last - MINUTES) continue;
    counts.categories.forEach((n, i) => (totals[i] = (totals[i] ?? 0) + n));
  }
  return totals;
}
