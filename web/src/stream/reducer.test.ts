import { describe, expect, test } from "vitest";
import type { Item, Severity } from "../api/types.ts";
import type { StreamMessage } from "./messages.ts";
import { HELD, initial, reduce, WHOLE, type StreamState } from "./reducer.ts";
import { isUntold } from "./seams.ts";
import { aMinute, bars, byCategory } from "./tally.ts";

const NOW = Date.parse("2026-11-22T10:00:30Z");

const item = (seq: number, severity: Severity = "info", ago = 0): Item => ({
  entry: { seq, recorded: new Date(NOW - ago).toISOString(), principal: "operator", category: "tool", severity, event: { source: "p", type: "t" } },
  data: { n: seq },
});
const entry = (seq: number, severity?: Severity): StreamMessage => ({ kind: "entry", next: seq + 1, item: item(seq, severity) });
const beat = (size: number, next: number, welcome = false, at = NOW): StreamMessage => ({
  kind: "heartbeat", welcome, time: new Date(at).toISOString(), epoch: "e", size, next, writable: true, intervalSec: 5, checkpoint: null, refused: null, at,
});
const run = (from: number, to: number): StreamMessage[] => Array.from({ length: to - from }, (_, i) => entry(from + i));
const batch = (state: StreamState, ...messages: StreamMessage[]): StreamState => reduce(state, { type: "batch", messages, now: NOW });
const newestFirst = (from: number, to: number, ago = 0): Item[] => Array.from({ length: to - from }, (_, i) => item(to - 1 - i, "info", ago));

/** Loaded with entries 0..size-1, and welcomed. */
const live = (size: number): StreamState => {
  const began = reduce(initial, { type: "began", page: { epoch: "e", size, items: newestFirst(Math.max(0, size - 100), size), next: null }, now: NOW, mark: null });
  return batch(began, beat(size, size, true));
};
const lose = (state: StreamState, since = NOW): StreamState => reduce(state, { type: "down", since, retryAt: since + 2000 });

test("history and stream join without a gap and without a double", () => {
  const state = batch(live(3), entry(2), entry(3), entry(4));
  expect(state.rows.map((row) => row.seq)).toEqual([4, 3, 2, 1, 0]);
  expect(state).toMatchObject({ next: 5, size: 5, link: { phase: "live" }, seams: [], unbroken: { seq: 3 } });
});

test("whatever the stream brings is a sign of life", () => {
  const later = (messages: readonly StreamMessage[], now: number) => reduce(live(3), { type: "batch", messages, now });
  expect([live(3).heardAt, later([entry(3)], NOW + 7).heardAt, later([beat(3, 3)], NOW + 9).heardAt]).toEqual([NOW, NOW + 7, NOW + 9]);
});

test("only so many rows are held, the newest", () => {
  const state = batch(live(0), ...run(0, HELD + 500));
  expect(state.rows).toHaveLength(HELD);
  expect(state.rows[0]?.seq).toBe(HELD + 499);
  expect(byCategory(state.tally, NOW)[3]).toBe(HELD + 500);
});

describe("after a reconnect", () => {
  test("what was missed is counted into the seam, and the run stays unbroken", () => {
    let state = batch(lose(live(10), NOW - 38_000), beat(422, 10, true));
    expect(state.link).toEqual({ phase: "catching-up", target: 422 });
    state = batch(state, ...run(10, 200));
    expect(state.seams).toMatchObject([{ recovered: 190, target: 422 }]);
    state = batch(state, ...run(200, 425));
    expect(state.link).toEqual({ phase: "live" });
    expect(state.seams).toEqual([{ kind: "reconnected", boundary: 10, lostAt: NOW - 38_000, offlineMs: 38_000, times: 1, target: 422, recovered: 412, missing: 0 }]);
    expect(state.unbroken?.seq).toBe(10);
  });

  test("numbers that never came are told as missing, and a new run begins", () => {
    const state = batch(lose(live(10)), beat(20, 10, true), entry(10), ...run(15, 20));
    expect(state.seams).toMatchObject([{ recovered: 6, missing: 4 }]);
    expect(state.unbroken?.seq).toBe(15);
  });

  test("several losses with nothing recorded between are one seam", () => {
    let state = batch(lose(live(10), NOW - 5000), beat(10, 10, true));
    state = batch(lose(state, NOW - 3000), beat(10, 10, true));
    expect(state.seams).toMatchObject([{ times: 2, offlineMs: 8000, target: 10 }]);
  });

  test("a loss while still catching up is part of the same seam", () => {
    let state = batch(lose(live(10), NOW - 5000), beat(100, 10, true), ...run(10, 60));
    state = batch(lose(state, NOW - 2000), beat(120, 60, true), ...run(60, 121));
    expect(state.seams).toMatchObject([{ boundary: 10, target: 120, recovered: 110, missing: 0, times: 2, offlineMs: 7000 }]);
  });

  test("attempts that fail do not shorten the time away", () => {
    const state = lose(lose(live(10), NOW - 60_000), NOW);
    expect(state.lostAt).toBe(NOW - 60_000);
  });
});

test("a run is joined to what was seen before, unless there was a gap since", () => {
  const joined = { type: "joined", seq: 1, at: 5, begun: 5 } as const;
  expect(reduce(live(5), joined).unbroken).toEqual({ seq: 1, at: 5 });
  expect(reduce(batch(live(5), entry(8)), joined).unbroken?.seq).toBe(8);
});

test("a seam is to be told until it was seen, and again when it grows", () => {
  const told = ({ seams }: StreamState) => seams.filter(isUntold).length;
  const once = batch(lose(live(10)), beat(12, 10, true), ...run(10, 12));
  const seen = reduce(once, { type: "seams-seen" });
  const idle = batch(lose(live(10)), beat(10, 10, true));
  expect([told(once), told(seen), told(idle)]).toEqual([1, 0, 0]);
  expect(told(batch(lose(seen), beat(14, 12, true), ...run(12, 14)))).toBe(1);
  expect(told(batch(seen, entry(20)))).toBe(1);
});

test("a hole while connected is shown where it is", () => {
  const state = batch(live(5), entry(8));
  expect(state.seams).toEqual([{ kind: "hole", boundary: 8, missing: 3 }]);
  expect(batch(live(5), beat(9, 9)).seams).toEqual([{ kind: "hole", boundary: 9, missing: 4 }]);
});

test("another log starts over from its own history and says so", () => {
  const lost = reduce(lose(live(50)), { type: "lost-position", reason: "epoch" });
  expect(lost.epoch).toBeNull();
  const state = reduce(lost, { type: "began", page: { epoch: "f", size: 2, items: newestFirst(0, 2), next: null }, now: NOW, mark: null });
  expect(state).toMatchObject({ epoch: "f", next: 2, size: 2, lostAt: null, seams: [{ kind: "other", boundary: 2, reason: "epoch" }] });
  expect(state.rows.map((row) => row.seq)).toEqual([1, 0]);
});

test("older history is counted once, however much has come since", () => {
  let state = reduce(initial, { type: "began", page: { epoch: "e", size: 5000, items: newestFirst(4900, 5000), next: 4900 }, now: NOW, mark: null });
  state = batch(state, beat(5000, 5000, true), ...run(5000, 5000 + HELD));
  state = reduce(state, { type: "older", items: newestFirst(3900, 4900, 60_000), done: false, now: NOW });
  state = reduce(state, { type: "older", items: newestFirst(3900, 4900, 60_000), done: true, now: NOW });
  expect(bars(state.tally, NOW).reduce((sum, bar) => sum + bar.total, 0)).toBe(100 + HELD + 1000);
  expect(aMinute(state.tally, NOW)).toBe(100 + HELD);
  expect(state.rows.at(-1)?.seq).toBe(5000);
  expect(state.countedFrom).toBe(NOW - 60_000);
});

test("a log read back to its first entry is counted whole", () => {
  const state = reduce(live(50), { type: "older", items: [], done: true, now: NOW });
  expect(state.countedFrom).toBe(0);
});

test("errors and criticals count as unseen until someone looks", () => {
  const state = batch(live(0), entry(0, "error"), entry(1), entry(2, "critical"), entry(3, "warning"));
  expect(state.unseen).toBe(2);
  expect(state.problems.map((row) => row.seq)).toEqual([2, 0]);
  expect(reduce(state, { type: "looked" }).unseen).toBe(0);
});

test("errors that came before this page was loaded are unseen too, from where someone last looked", () => {
  const page = { epoch: "e", size: 6, items: [item(5), item(4, "error"), item(3, "critical")], next: 3 };
  const mark = { epoch: "e", seq: 2, at: NOW };
  const began = reduce(initial, { type: "began", page, now: NOW, mark });
  expect(began.unseen).toBe(2);
  const problems = { type: "problems", items: [item(4, "error"), item(3, "critical"), item(2, "error"), item(1, "error")], below: 6 } as const;
  const read = reduce(batch(began, entry(6, "error")), problems);
  expect(read.unseen).toBe(4);
  expect(read.problems.map((row) => row.seq)).toEqual([6, 4, 3, 2, 1]);
  const looked = reduce(began, { type: "looked" });
  expect(reduce(looked, problems).unseen).toBe(0);
  expect(reduce(initial, { type: "began", page, now: NOW, mark: { ...mark, epoch: "f" } }).unseen).toBe(0);
});

test("only the newest keep their data, and none that is large", () => {
  const large: StreamMessage = { kind: "entry", next: 61, item: { ...item(60, "error"), data: { text: "x".repeat(40_000) } } };
  const kept = ({ rows }: StreamState) => rows.filter((row) => row.whole).map((row) => row.seq);
  const states = [live(60), batch(live(0), ...run(0, 60)), reduce(live(0), { type: "older", items: [], done: true, now: NOW })];
  expect(states.map((state) => kept(state).length)).toEqual([WHOLE, WHOLE, 0]);
  const state = batch(live(60), large);
  expect(kept(state)).toEqual(Array.from({ length: WHOLE - 1 }, (_, i) => 59 - i));
  for (const row of [...state.rows, ...state.problems]) expect("data" in row.item).toBe(row.whole);
  const old = reduce(state, { type: "older", items: newestFirst(0, 1), done: true, now: NOW });
  expect(kept(old)).toEqual(kept(state));
});

test("problems are remembered by what they were about, not with their data", () => {
  const [problem] = batch(live(0), entry(0, "error")).problems;
  expect(problem).toMatchObject({ seq: 0, whole: false, what: "n 0" });
});
