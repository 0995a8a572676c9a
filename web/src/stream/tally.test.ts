import { expect, test } from "vitest";
import { CATEGORIES, rank, SEVERITIES, type Category, type Severity } from "../api/types.ts";
import { toRow, type Row } from "./rows.ts";
import { aMinute, bars, byCategory, count, MINUTES, NOTHING } from "./tally.ts";

const NOW = Date.parse("2026-11-22T10:30:30Z");
const MINUTE = 60_000;
const row = (ago: number, severity: Severity = "info", category: Category = "tool"): Row =>
  toRow({ entry: { seq: 0, recorded: new Date(NOW - ago).toISOString(), principal: "", category, severity, event: {} } });
const totals = (rows: readonly Row[], now = NOW): number[] => bars(count(NOTHING, rows, NOW), now).map((bar) => bar.total);

test("there is a bar for each of the last thirty minutes, the one under way included", () => {
  const all = bars(NOTHING, NOW);
  expect(all).toHaveLength(MINUTES);
  expect(new Date(all[0]?.at ?? 0).toISOString()).toBe("2026-11-22T10:01:00.000Z");
  expect(new Date(all.at(-1)?.at ?? 0).toISOString()).toBe("2026-11-22T10:30:00.000Z");
  expect(all.every((bar) => bar.total === 0 && bar.severities.length === SEVERITIES.length)).toBe(true);
});

test("a minute of which nothing was read is told apart from an empty one", () => {
  const counted = bars(NOTHING, NOW, NOW - 5 * MINUTE).map((bar) => bar.counted);
  expect(counted.slice(-6)).toEqual(["some", "all", "all", "all", "all", "all"]);
  expect(counted.slice(0, -6).every((each) => each === "none")).toBe(true);
  expect(bars(NOTHING, NOW).every((bar) => bar.counted === "all")).toBe(true);
});

test("an entry is counted in the minute it was recorded in, up to its last millisecond", () => {
  const counted = totals([row(0), row(30_000), row(30_001), row(29 * MINUTE + 30_000), row(29 * MINUTE + 30_001)]);
  expect([counted.at(-1), counted.at(-2), counted[0]]).toEqual([2, 1, 1]);
});

test("rows may come in any order and in any parts", () => {
  const rows = Array.from({ length: 200 }, (_, i) => row(((i * 7919) % 1700) * 1000, SEVERITIES[i % 6], CATEGORIES[i % 12]));
  const whole = count(NOTHING, rows, NOW);
  let parts = NOTHING;
  for (const each of rows.toReversed()) parts = count(parts, [each], NOW);
  expect(bars(parts, NOW)).toEqual(bars(whole, NOW));
  expect(byCategory(parts, NOW)).toEqual(byCategory(whole, NOW));
  expect(aMinute(parts, NOW)).toBe(aMinute(whole, NOW));
  expect(bars(whole, NOW).reduce((sum, bar) => sum + bar.total, 0)).toBe(200);
});

test("by severity and by category the same entries are counted", () => {
  const tally = count(NOTHING, [row(0, "error", "model"), row(0, "error", "hitl"), row(0, "debug", "model")], NOW);
  expect(bars(tally, NOW).at(-1)?.severities).toEqual(SEVERITIES.map((severity) => (severity === "error" ? 2 : severity === "debug" ? 1 : 0)));
  expect(rank("error")).toBe(4);
  expect(byCategory(tally, NOW)[CATEGORIES.indexOf("model")]).toBe(2);
});

test("counting in leaves what was counted before as it was", () => {
  const before = count(NOTHING, [row(0)], NOW);
  const drawn = bars(before, NOW);
  count(before, [row(0), row(0)], NOW);
  expect(bars(before, NOW)).toEqual(drawn);
});

test("the rate is of sixty seconds, the one under way included", () => {
  const tally = count(NOTHING, [row(0), row(59_000), row(60_000), row(61_000)], NOW);
  expect(aMinute(tally, NOW)).toBe(2);
  expect(aMinute(tally, NOW + 60_000)).toBe(0);
});

test("what the half hour has left behind is neither shown nor kept", () => {
  const tally = count(NOTHING, [row(0), row(90_000)], NOW);
  const later = NOW + 31 * MINUTE;
  expect(bars(tally, later).every((bar) => bar.total === 0)).toBe(true);
  expect(byCategory(tally, later).every((n) => n === 0)).toBe(true);
  const kept = count(tally, [], later);
  expect([kept.minutes.size, kept.seconds.size]).toEqual([0, 0]);
  expect(count(NOTHING, [row(32 * MINUTE)], NOW).minutes.size).toBe(0);
});
