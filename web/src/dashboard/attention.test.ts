import { expect, test } from "vitest";
import type { Severity } from "../api/types.ts";
import { toRow, type Row } from "../stream/rows.ts";
import { concerns } from "./attention.ts";

const row = (seq: number, severity: Severity, source: string, at = 1000): Row =>
  toRow({ entry: { seq, recorded: new Date(at).toISOString(), principal: "", category: "health", severity, event: { source, type: "health_check" } } });

test("what comes under another's name is told apart", () => {
  const posing = toRow({ entry: { ...row(9, "error", "b").item.entry, principal: "agent:eve" } });
  expect(concerns([posing, row(8, "error", "b")], 0).map(({ newest, times }) => [newest.by, times])).toEqual([["agent:eve", 1], ["", 1]]);
});

test("equal ones are grouped, the gravest first, then the latest; old ones are left out", () => {
  const found = concerns([row(9, "error", "b"), row(8, "error", "a"), row(7, "critical", "c"), row(6, "error", "b"), row(5, "critical", "d", 10)], 500);
  expect(found.map(({ newest, times }) => [newest.seq, times])).toEqual([[7, 1], [9, 2], [8, 1]]);
});
