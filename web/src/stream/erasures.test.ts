import { describe, expect, test } from "vitest";
import type { Item } from "../api/types.ts";
import { erasedAt, erasureIn, NONE, withErasures, withoutErased } from "./erasures.ts";
import { initial, reduce } from "./reducer.ts";
import { toRow } from "./rows.ts";

const AT = "2026-11-22T10:42:31Z";
const item = (seq: number): Item => ({
  entry: { seq, recorded: AT, principal: "agent:p", category: "tool", severity: "error", event: { source: "p", type: "t" }, data_hash: "h" },
  data: { key: "secret" },
});
const erasure = (seq: number, first: unknown, last: unknown, principal = "ada", source = "console"): Item => ({
  entry: { seq, recorded: AT, principal, category: "audit", severity: "notice", event: { source, type: "data.erased" } },
  data: { first, last, reason: "a key leaked" },
});
const ERASED = { by: "ada", at: AT, reason: "a key leaked" };

describe("what an entry says was erased", () => {
  test("is believed of the console only, and of what was there before", () => {
    expect(erasureIn(toRow(erasure(9, 3, 3)))).toEqual({ first: 3, last: 3, erased: ERASED });
    for (const no of [erasure(9, 3, 3, "agent:p"), erasure(9, 3, 3, "ada", "p"), erasure(9, 4, 3), erasure(9, "3", 3), erasure(9, 3, 9), item(9)]) {
      expect(erasureIn(toRow(no))).toBeNull();
    }
  });

  test("is found by number, alone or among many", () => {
    const known = withErasures(withErasures(NONE, [toRow(erasure(9, 3, 3))]), [toRow(erasure(20, 5, 8))]);
    expect([2, 3, 4, 5, 8, 9].map((seq) => erasedAt(known, seq) !== null)).toEqual([false, true, false, true, true, false]);
    expect(withErasures(known, [toRow(item(21))])).toBe(known);
  });
});

test("rows lose what was erased, with the line that was made of it; nothing else changes", () => {
  const rows = [item(4), item(3), { entry: { ...item(3).entry, seq: 2 } }].map(toRow);
  const { data_hash: _, ...bare } = item(1).entry;
  const plain = toRow({ entry: bare });
  const known = withErasures(NONE, [toRow(erasure(9, 1, 3))]);
  const [kept, gone] = withoutErased([...rows, plain], known);
  expect(kept).toBe(rows[0]);
  expect(gone).toMatchObject({ seq: 3, whole: true, what: "data erased by ada at 2026-11-22 10:42 UTC because a key leaked", item: { erased: ERASED } });
  expect(JSON.stringify(gone)).not.toContain("secret");
  expect(withoutErased([...rows, plain], known).at(-1)).toBe(plain);
  expect(withoutErased(rows, NONE)).toBe(rows);
  // What became of the record is kept.
  const told = toRow({ entry: { ...erasure(2, 1, 1).entry, data_hash: "h" }, data: { first: 1, last: 1, reason: "r" } });
  expect(withoutErased([told], known)[0]).toBe(told);
  const once = withoutErased(rows, known);
  expect(withoutErased(once, known)).toBe(once);
});

test("the stream's copies go with the entry that tells of it, also those that are read from history later", () => {
  const page = { epoch: "e", size: 5, items: [item(4), item(3)], next: 3 };
  const began = reduce(initial, { type: "began", page, now: Date.parse(AT), mark: null });
  const messages = [{ kind: "entry" as const, next: 6, item: erasure(5, 0, 4) }];
  const after = reduce(began, { type: "batch", messages, now: Date.parse(AT) });
  const older = reduce(after, { type: "older", items: [item(2), item(1)], done: true, now: Date.parse(AT) });
  const all = reduce(older, { type: "problems", items: [item(4), item(0)], below: 5 });
  expect(all.rows.map((row) => row.seq)).toEqual([5, 4, 3, 2, 1]);
  expect(all.problems.map((row) => row.seq)).toEqual([4, 0]);
  expect(JSON.stringify(all)).not.toContain("secret");
});
