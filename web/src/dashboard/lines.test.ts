import { expect, test } from "vitest";
import { toRow, type Row } from "../stream/rows.ts";
import type { Seam } from "../stream/seams.ts";
import { saySeam } from "../stream/saySeam.ts";
import { lines, type Line } from "./lines.ts";

const NOON = new Date(2026, 10, 22, 12).getTime();
const row = (seq: number, at = NOON): Row =>
  toRow({ entry: { seq, recorded: new Date(at).toISOString(), principal: "", category: "tool", severity: "info", event: {} } });
const seam = (boundary: number, more: Partial<Extract<Seam, { kind: "reconnected" }>> = {}): Seam => ({
  kind: "reconnected", boundary, lostAt: NOON, offlineMs: 38_000, times: 1, target: boundary + 412, recovered: 412, missing: 0, ...more,
});
const shape = (drawn: readonly Line[]) => drawn.map((line) => (line.kind === "row" ? line.row.seq : line.kind));

test("a seam lies on what was recovered, whose lower end is marked too", () => {
  expect(shape(lines([row(13), row(12), row(11), row(10), row(9)], [seam(10, { target: 12 })], null, NOON))).toEqual([13, 12, "seam", 11, 10, "lost", 9]);
});

test("a seam is drawn even if a filter hides the rows beside it", () => {
  expect(shape(lines([row(20), row(4)], [seam(10, { target: 12 })], null, NOON))).toEqual([20, "seam", "lost", 4]);
});

test("a seam that nothing followed yet is on top; one below all that is shown is not drawn", () => {
  expect(shape(lines([row(9), row(8)], [seam(10, { target: 10 }), seam(5, { target: 5 })], null, NOON))).toEqual(["seam", 9, 8]);
});

test("where someone last looked is marked only if something came since", () => {
  const mark = { epoch: "e", seq: 10, at: NOON };
  expect(shape(lines([row(11), row(9)], [], mark, NOON))).toEqual([11, "mark", 9]);
  expect(shape(lines([row(9)], [], mark, NOON))).toEqual([9]);
});

test("days are told apart", () => {
  expect(shape(lines([row(2), row(1, NOON - 86_400_000)], [], null, NOON))).toEqual([2, "day", 1]);
});

test.each([
  [seam(10), "offline 38 s · 412 entries recovered · none missing"],
  [seam(10, { recovered: 120 }), "offline 38 s · 120 of 412 entries recovered so far"],
  [seam(10, { recovered: 410, missing: 2 }), "offline 38 s · 410 entries recovered · 2 missing"],
  [seam(10, { target: 10, recovered: 0, times: 3 }), "offline 3 times, 38 s · nothing was recorded meanwhile"],
  [{ kind: "hole", boundary: 8, missing: 1 } as const, "1 entry missing before #8"],
  [{ kind: "other", boundary: 8, reason: "epoch" } as const, "this is another record than before · what follows is from its history"],
])("%j", (each, expected) => expect(saySeam(each)).toBe(expected));
