import { expect, test } from "vitest";
import type { Category, Item, Severity } from "../api/types.ts";
import { NO_FILTERS, type Filters } from "../filters/filters.ts";
import { toRow, type Row } from "../stream/rows.ts";
import { absorb, begin, deepen, raise, SHOWN, type Sift } from "./sift.ts";

const HITL: Filters = { ...NO_FILTERS, categories: ["hitl"] };
const item = (seq: number, category: Category = seq % 10 === 0 ? "hitl" : "tool", severity: Severity = "info"): Item => ({
  entry: { seq, recorded: "2026-11-22T10:00:00Z", principal: "", category, severity, event: { source: "s", type: "t" } },
});
/** What is held: entries from `from` up to `next`. */
const held = (from: number, next: number, problems: readonly Row[] = []) => ({
  epoch: "e", next, problems, rows: Array.from({ length: next - from }, (_, i) => toRow(item(next - 1 - i))),
});
const seqs = ({ found }: Sift): number[] => found.map((row) => row.seq);
const tens = (from: number, below: number): number[] => Array.from({ length: (below - from) / 10 }, (_, i) => below - 10 - 10 * i);

test("the newest matching entries are shown, not the matching of the newest", () => {
  const sift = begin(held(0, 2000), HITL);
  expect(sift.found).toHaveLength(SHOWN);
  expect(sift.found[1]?.seq).toBe(1980);
});

test("what is held is not enough: history below it is taken in, where it joins", () => {
  let sift = begin(held(900, 1000), HITL);
  expect(sift).toMatchObject({ from: 900, found: { length: 10 } });
  sift = deepen(sift, [item(890), item(880)], 900, 875);
  expect(deepen(sift, [item(890)], 900, 0)).toBe(sift);
  sift = deepen(sift, tens(0, 870).map((seq) => item(seq)), 875, null);
  expect(seqs(sift)).toEqual([...tens(900, 1000), 890, 880, ...tens(490, 870)]);
  expect(sift.from).toBe(0);
});

test("what comes pushes the oldest out; what did not change is the same", () => {
  const sift = deepen(begin(held(900, 1000), HITL), tens(0, 900).map((seq) => item(seq)), 900, null);
  expect(absorb(sift, held(900, 1000), HITL)).toBe(sift);
  const later = absorb(sift, held(950, 1050), HITL);
  expect(seqs(later)).toEqual(tens(550, 1050));
});

test("entries that the list let go of are kept, as long as nothing is between", () => {
  const sift = begin(held(900, 1000), HITL);
  expect(seqs(absorb(sift, held(1000, 1100), HITL))).toEqual(tens(900, 1100));
  expect(seqs(absorb(sift, held(1001, 1101), HITL))).toEqual([1100, ...tens(1010, 1100)]);
});

test("history that the stream's own reading back brings in is taken as well", () => {
  const sift = absorb(begin(held(900, 1000), HITL), held(700, 1000), HITL);
  expect(sift.from).toBe(700);
  expect(seqs(sift)).toEqual(tens(700, 1000));
});

test("another filter or another record begins anew", () => {
  const sift = begin(held(900, 1000), HITL);
  const tool: Filters = { ...NO_FILTERS, categories: ["tool"] };
  expect(absorb(sift, held(900, 1000), tool)).toMatchObject({ filters: tool, found: { length: SHOWN } });
  expect(absorb(sift, { ...held(0, 20), epoch: "f" }, HITL)).toMatchObject({ epoch: "f", upTo: 20, from: 0 });
});

test("errors are known below the rows held, where only errors are wanted", () => {
  const problems = [toRow(item(8, "tool", "error")), toRow(item(3, "tool", "critical"))];
  const wanted: Filters = { ...NO_FILTERS, severity: "error" };
  expect(begin(held(50, 60, problems), wanted)).toMatchObject({ found: [problems[0], problems[1]], from: 3 });
  expect(begin(held(50, 60, problems), { ...NO_FILTERS, severity: "info" })).toMatchObject({ from: 50 });
});

const TEXT: Filters = { ...NO_FILTERS, categories: ["hitl"], text: "planner" };
const upwards = (size: number, next: number | null, ...items: Item[]) => ({ epoch: "e", size, next, items });

test("where only the console can tell, nothing that is held counts as found", () => {
  const sift = begin(held(900, 1000), TEXT);
  expect(sift).toMatchObject({ found: [], upTo: 1000, from: 1000 });
  expect(seqs(deepen(sift, [item(990)], 1000, 950))).toEqual([990]);
});

test("the console is asked about what came, but not where nothing of it can match", () => {
  const sift = begin(held(900, 1000), TEXT);
  expect(absorb(sift, held(900, 1000), TEXT)).toBe(sift);
  const passed = absorb(sift, { ...held(900, 1000), next: 1005, rows: [toRow(item(1004, "tool")), ...held(900, 1000).rows] }, TEXT);
  expect(passed).toMatchObject({ found: [], upTo: 1005 });
  expect(absorb(sift, held(900, 1020), TEXT)).toBe(sift);
  const asked = raise(sift, upwards(1020, 1011, item(1000), item(1010)), 1000, held(900, 1020));
  expect(asked).toMatchObject({ upTo: 1011, from: 1000 });
  expect(seqs(asked)).toEqual([1010, 1000]);
  expect(raise(asked, upwards(1020, null), 1000, held(900, 1020))).toBe(asked);
  expect(raise(asked, upwards(1020, null), 1011, held(900, 1020))).toMatchObject({ upTo: 1020 });
});

test("an answer that is ahead of a list that is held still waits for it", () => {
  const sift = raise(begin(held(900, 1000), TEXT), upwards(1050, null, item(1000), item(1040)), 1000, held(900, 1005));
  expect(sift).toMatchObject({ upTo: 1005, found: [{ seq: 1000 }] });
});

test("where more came than is held, asking begins anew at the top", () => {
  expect(absorb(begin(held(900, 1000), TEXT), held(2000, 4000), TEXT)).toMatchObject({ found: [], upTo: 4000, from: 4000 });
});
