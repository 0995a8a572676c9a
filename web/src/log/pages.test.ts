import { expect, test } from "vitest";
import type { EventsPage, Item } from "../api/types.ts";
import { HELD, neighbours, NOTHING, placeOf, reducePages, type Pages, type PagesAction } from "./pages.ts";

const item = (seq: number): Item => ({
  entry: { seq, recorded: "2026-11-22T10:00:00Z", principal: "", category: "tool", severity: "info", event: { source: "s", type: "t" } },
  data: { tool: `tool-${seq}`, large: "x".repeat(100) },
});
/** Newest first, as `before` answers. */
const down = (from: number, below: number, next: number | null, size = 20_000): EventsPage => ({
  epoch: "e", size, next, items: Array.from({ length: below - from }, (_, i) => item(below - 1 - i)),
});
/** Oldest first, as `from` answers. */
const up = (from: number, below: number, next: number | null, size: number): EventsPage => ({ ...down(from, below, next, size), items: down(from, below, null).items.toReversed() });
const run = (...actions: PagesAction[]): Pages => actions.reduce(reducePages, NOTHING);
const seqs = ({ rows }: Pages): number[] => rows.map((row) => row.seq);

const begun: PagesAction = { type: "began", page: down(90, 100, 90, 100), from: 100 };

test("pages join below without a gap, until the record's first entry", () => {
  const state = run(begun, { type: "older", page: down(80, 90, 80) }, { type: "older", page: down(0, 80, null) }, { type: "rested" });
  expect(seqs(state)).toEqual(Array.from({ length: 100 }, (_, i) => 99 - i));
  expect(state).toMatchObject({ bottom: null, looking: "no", found: 100, shift: 0 });
});

test("an empty page that has a next is no end: it was looked as far as that", () => {
  expect(run(begun, { type: "older", page: down(0, 0, 41) })).toMatchObject({ bottom: 41, looking: "down", found: 10 });
});

test("what is newer waits above until it is asked for, and moves the rest down by as many", () => {
  const waiting = run(begun, { type: "newer", page: up(100, 103, 103, 105) }, { type: "newer", page: up(103, 105, null, 105) });
  expect(waiting.rows).toHaveLength(10);
  expect(waiting.fresh.map((row) => row.seq)).toEqual([104, 103, 102, 101, 100]);
  const shown = reducePages(waiting, { type: "shown" });
  expect(seqs(shown).slice(0, 6)).toEqual([104, 103, 102, 101, 100, 99]);
  expect(shown).toMatchObject({ fresh: [], top: 105, freshTop: 105, shift: 5 });
});

test("where nothing newer matches, the cursor moves on all the same", () => {
  expect(run(begun, { type: "newer", page: up(0, 0, null, 250) })).toMatchObject({ freshTop: 250, fresh: [], size: 250 });
});

test("beyond what is held the upper end is let go of, and can be read again", () => {
  let state = run({ type: "began", page: down(10_000, 10_200, 10_000, 10_200), from: 10_200 }, { type: "newer", page: up(10_200, 10_201, null, 10_201) });
  for (let below = 10_000; below > 4000; below -= 500) state = reducePages(state, { type: "older", page: down(below - 500, below, below - 500) });
  expect(state.rows).toHaveLength(HELD);
  expect(state.rows[0]?.seq).toBe(4000 + HELD - 1);
  expect(state).toMatchObject({ top: 4000 + HELD, freshTop: 4000 + HELD, fresh: [], bottom: 4000, shift: HELD - 6200 });
  state = reducePages(reducePages(state, { type: "newer", page: up(9000, 9200, 9200, 10_201) }), { type: "shown" });
  expect([state.rows[0]?.seq, state.rows.at(-1)?.seq, state.bottom]).toEqual([9199, 4200, 4200]);
});

test("a failure keeps what was read, and going on forgets the failure", () => {
  const failed = run(begun, { type: "failed", error: new Error("x") });
  expect(failed).toMatchObject({ looking: "no", rows: { length: 10 } });
  expect(reducePages(failed, { type: "looking" })).toMatchObject({ error: null, looking: "down", found: 0 });
});

test("looking is stopped only while it goes on", () => {
  expect(run(begun, { type: "stopped" }).looking).toBe("stopped");
  expect(run(begun, { type: "rested" }, { type: "stopped" }).looking).toBe("no");
});

test("rows do not keep the data, only what it was about", () => {
  const [row] = run(begun).rows;
  expect(row?.item).not.toHaveProperty("data");
  expect(row?.what).toContain("tool-99");
});

test("an entry has neighbours in the list, also if it is not in it itself", () => {
  const pages = run({ type: "began", page: { ...down(0, 0, null), items: [9, 7, 4, 2].map(item) }, from: 10 });
  expect(placeOf(pages.rows, 7)).toBe(1);
  expect(neighbours(pages, 7)).toEqual({ newer: 9, older: 4 });
  expect(neighbours(pages, 5)).toEqual({ newer: 7, older: 4 });
  expect(neighbours(pages, 9)).toEqual({ newer: null, older: 7 });
  expect(neighbours(pages, 1)).toEqual({ newer: 2, older: null });
  expect(neighbours(NOTHING, 1)).toEqual({ newer: null, older: null });
});

test("beyond what was read an entry has no neighbours: there may be others between", () => {
  const pages = run({ type: "began", page: { ...down(0, 0, 50), items: [90, 70, 60].map(item) }, from: 100 });
  expect(neighbours(pages, 100)).toEqual({ newer: null, older: null });
  expect(neighbours(pages, 99)).toEqual({ newer: null, older: 90 });
  expect(neighbours(pages, 50)).toEqual({ newer: 60, older: null });
  expect(neighbours(pages, 49)).toEqual({ newer: null, older: null });
});
