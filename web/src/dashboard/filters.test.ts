import { expect, test } from "vitest";
import type { Category, Severity } from "../api/types.ts";
import { toRow, type Row } from "../stream/rows.ts";
import { loosen, matches, NO_FILTERS, parseFilters, select, SHOWN, toQuery } from "./filters.ts";

const row = (seq: number, severity: Severity = "info", category: Category = "tool", source = "planner-7", data: unknown = null): Row =>
  toRow({ entry: { seq, recorded: "2026-11-22T10:00:00Z", principal: "operator", category, severity, event: { source, type: "agent.tool.call" } }, data });

test("filters survive the URL, whatever a source is called", () => {
  const filters = { categories: ["hitl", "tool"], severity: "warning", sources: ["a,b", "c&d=é"], text: "x y" } as const;
  expect(parseFilters(new URLSearchParams(toQuery(filters).toString()))).toEqual(filters);
});

test("what the URL says wrongly is not a filter", () => {
  expect(parseFilters(new URLSearchParams("category=nope&severity=loud&other=1"))).toEqual(NO_FILTERS);
});

test("severity is a minimum", () => {
  const filters = { ...NO_FILTERS, severity: "warning" } as const;
  expect([row(1, "notice"), row(2, "warning"), row(3, "critical")].filter((each) => matches(each, filters)).map((each) => each.seq)).toEqual([2, 3]);
});

test("text looks into data too, each word, in any case", () => {
  const one = row(1, "info", "tool", "planner-7", { url: "https://api.example.com/Orders" });
  expect(matches(one, { ...NO_FILTERS, text: "orders PLANNER" })).toBe(true);
  expect(matches(one, { ...NO_FILTERS, text: "orders orion" })).toBe(false);
});

test("the newest matching rows are shown, not the matching of the newest", () => {
  const rows = Array.from({ length: 500 }, (_, i) => row(499 - i, "info", i % 5 === 0 ? "hitl" : "tool"));
  const found = select(rows, [], { ...NO_FILTERS, categories: ["hitl"] });
  expect(found).toHaveLength(SHOWN);
  expect(found[1]?.seq).toBe(494);
});

test("errors are found below the rows held, where only errors are wanted", () => {
  const rows = [row(9), row(8, "error")];
  const problems = [row(8, "error"), row(3, "critical"), row(2, "error")];
  expect(select(rows, problems, { ...NO_FILTERS, severity: "error" }).map((each) => each.seq)).toEqual([8, 3, 2]);
  expect(select(rows, problems, { ...NO_FILTERS, severity: "info" }).map((each) => each.seq)).toEqual([9, 8]);
});

test("the filter worth dropping is the one that hides most", () => {
  const rows = [row(3, "info", "tool"), row(2, "info", "tool"), row(1, "error", "hitl")];
  expect(loosen(rows, { ...NO_FILTERS, categories: ["tool"], severity: "error" })).toMatchObject([
    { name: "severity", matching: 2 },
    { name: "category", matching: 1 },
  ]);
});
