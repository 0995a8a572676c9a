import { expect, test } from "vitest";
import type { Item } from "../api/types.ts";
import { lightened, toRow } from "./rows.ts";

const entry: Item["entry"] = { seq: 7, recorded: "2026-11-22T10:00:00.123456Z", principal: "operator", category: "tool", severity: "info", event: { source: "s", type: "t" } };
const LARGE = "x".repeat(32_769);

test("an entry is a row with what the list needs at hand", () => {
  const item: Item = { entry, data: { tool: "http.get" } };
  expect(toRow(item)).toEqual({ seq: 7, at: Date.parse("2026-11-22T10:00:00.123Z"), category: "tool", severity: "info", source: "s", type: "t", by: "", what: "http.get", item, whole: true });
});

test("attributes of any kind, or none, and a time that is none, still make a row", () => {
  expect(toRow({ entry: { ...entry, recorded: "soon", event: { source: 7, type: { a: 1 } } } })).toMatchObject({ at: 0, source: "", type: "", what: "" });
});

test.each<[string, Item, boolean]>([
  ["none", { entry }, true],
  ["null", { entry, data: null }, true],
  ["as much text as is kept", { entry, data: LARGE.slice(1) }, true],
  ["more text than that", { entry, data: LARGE }, false],
  ["long keys", { entry, data: { [LARGE]: 1 } }, false],
  ["many small values", { entry, data: Array.from({ length: 5000 }, () => 1) }, false],
  ["text far down", { entry, data: [[[{ a: [LARGE] }]]] }, false],
  ["bytes", { entry, data_base64: LARGE }, false],
])("data of %s is kept: %s", (_, item, whole) => {
  const row = toRow(item);
  expect(row.whole).toBe(whole);
  expect(row.item).toEqual(whole ? item : { entry });
});

test("without its data a row still says what it was about, and that something is missing", () => {
  const row = toRow({ entry, data: { tool: "http.get" }, salt: "s" });
  expect(lightened(row)).toEqual({ ...row, item: { entry }, whole: false });
  expect(lightened(toRow({ entry, data_base64: "AAAA" }))).toMatchObject({ item: { entry }, whole: false });
});

test("a row that has no data to lose stays the same, erased ones included", () => {
  for (const row of [toRow({ entry }), toRow({ entry, erased: { by: "o", at: "", reason: "" } }), lightened(toRow({ entry, data: 1 }))]) expect(lightened(row)).toBe(row);
});
