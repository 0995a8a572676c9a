import { expect, test } from "vitest";
import { isWhole, placeOf, recover, withSeam, type Reconnected, type Seam } from "./seams.ts";

const lost = (boundary: number, target: number, more: Partial<Reconnected> = {}): Reconnected => ({
  kind: "reconnected", boundary, lostAt: 1000, offlineMs: 5000, times: 1, target, recovered: 0, missing: 0, ...more,
});
const hole = (boundary: number): Seam => ({ kind: "hole", boundary, missing: 1 });

test("a seam lies on top of what came after all, every other where it happened", () => {
  expect([placeOf(lost(10, 20)), placeOf(hole(7)), placeOf({ kind: "other", boundary: 3, reason: "epoch" })]).toEqual([20, 7, 3]);
});

test("what was missed is counted for once it came, or is known never to come", () => {
  expect([lost(10, 20, { recovered: 9 }), lost(10, 20, { recovered: 9, missing: 1 }), lost(10, 10)].map(isWhole)).toEqual([false, true, true]);
});

test("a loss before the last was made up for is part of it: since then, twice, all of the time", () => {
  expect(withSeam([lost(10, 20, { recovered: 4 })], lost(14, 30, { lostAt: 9000, offlineMs: 2000 }))).toEqual([lost(10, 30, { times: 2, offlineMs: 7000, recovered: 4 })]);
});

test("so is one with nothing recorded since", () => {
  expect(withSeam([lost(10, 20, { recovered: 10 })], lost(20, 25))).toEqual([lost(10, 25, { times: 2, offlineMs: 10_000, recovered: 10 })]);
});

test("where something came in between, they are two", () => {
  const whole = lost(10, 20, { recovered: 10 });
  expect(withSeam([whole], lost(21, 25))).toEqual([lost(21, 25), whole]);
});

test("a seam of another kind is never joined", () => {
  expect(withSeam([hole(10)], lost(10, 20))).toHaveLength(2);
  expect(withSeam([lost(10, 20)], hole(10))).toHaveLength(2);
});

test("only so many are kept, the latest", () => {
  let seams: readonly Seam[] = [];
  for (let n = 0; n < 60; n += 1) seams = withSeam(seams, hole(n));
  expect([seams.length, seams[0], seams.at(-1)]).toEqual([50, hole(59), hole(10)]);
});

test("what comes is counted into the newest only, and only while that is one to recover", () => {
  const seams = [lost(30, 40), lost(10, 20)];
  expect(recover(seams, 2, 1)).toEqual([lost(30, 40, { recovered: 2, missing: 1 }), lost(10, 20)]);
  for (const same of [[hole(5), lost(1, 2)], []]) expect(recover(same, 1, 0)).toBe(same);
  expect(recover(seams, 0, 0)).toBe(seams);
});
