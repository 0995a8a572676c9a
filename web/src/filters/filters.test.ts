import { expect, test } from "vitest";
import type { Category, Severity } from "../api/types.ts";
import { toRow, type Row } from "../stream/rows.ts";
import { address, loosened, matches, needsConsole, NO_FILTERS, notUnderstood, parseFilters, toQuery } from "./filters.ts";

const row = (seq: number, severity: Severity = "info", category: Category = "tool", source = "planner-7"): Row =>
  toRow({ entry: { seq, recorded: "2026-11-22T10:00:00Z", principal: "operator", category, severity, event: { source, type: "agent.tool.call" } } });

test("filters survive the URL, whatever a source is called", () => {
  const filters = {
    categories: ["hitl", "tool"], severity: "warning", sources: ["a,b", "c&d=é"], types: ["agent.*", "x"], traces: ["t-1"],
    since: "2026-11-22T10:00:00Z", until: "2026-11-22T12:00:00.5+02:00", text: "x y",
  } as const;
  expect(parseFilters(new URLSearchParams(toQuery(filters).toString()))).toEqual(filters);
});

test("what the URL says wrongly is not a filter", () => {
  expect(parseFilters(new URLSearchParams("category=nope&severity=loud&source=&since=yesterday&until=2026-13-01T00:00:00Z&other=1"))).toEqual(NO_FILTERS);
});

test.each([
  ["category=zz&severity=loud&source=&foo=1&since=x", ["category=zz", "severity=loud", "foo=1", "since=x"]],
  ["severity=error&severity=debug&category=tool&category=tool&source=a%2Cb", ["severity=debug"]],
  [`q=${"x".repeat(501)}`, [`q=${"x".repeat(501)}`]],
  ["since=2026-11-22T10:00:00Z&until=2026-11-22T12:00:00%2B02:00&type=a.*&traceid=t&q=a+b", []],
])("what of %s is no filter can be told", (query, wrong) => expect(notUnderstood(new URLSearchParams(query))).toEqual(wrong));

test("severity is a minimum", () => {
  const filters = { ...NO_FILTERS, severity: "warning" } as const;
  expect([row(1, "notice"), row(2, "warning"), row(3, "critical")].filter((each) => matches(each, filters)).map((each) => each.seq)).toEqual([2, 3]);
});

test("a text or a time is for the console to decide: no row is left out here for it", () => {
  for (const filters of [{ ...NO_FILTERS, text: "zebra" }, { ...NO_FILTERS, since: "2030-01-01T00:00:00Z" }, { ...NO_FILTERS, until: "2020-01-01T00:00:00Z" }]) {
    expect([needsConsole(filters), matches(row(1), filters)]).toEqual([true, true]);
  }
  expect(needsConsole({ ...NO_FILTERS, categories: ["tool"], sources: ["s"], types: ["t"], traces: ["x"], severity: "error" })).toBe(false);
});

test("a type may be a beginning, a trace has to be whole", () => {
  const one = toRow({ entry: { seq: 1, recorded: "", principal: "", category: "tool", severity: "info", event: { source: "s", type: "agent.tool.call", traceid: "t-1" } } });
  expect(["agent.*", "agent.tool.call", "*", "agent", "tool*"].map((type) => matches(one, { ...NO_FILTERS, types: [type] }))).toEqual([true, true, true, false, false]);
  expect(["t-1", "t"].map((trace) => matches(one, { ...NO_FILTERS, traces: [trace] }))).toEqual([true, false]);
});

test("each filter that is set can be dropped alone", () => {
  const filters = { ...NO_FILTERS, categories: ["tool"], since: "2026-11-22T10:00:00Z", until: "2026-11-22T11:00:00Z" } as const;
  expect(loosened(filters).map(({ name, filters: left }) => [name, address("/log", left)])).toEqual([
    ["category", "/log?since=2026-11-22T10%3A00%3A00Z&until=2026-11-22T11%3A00%3A00Z"],
    ["time", "/log?category=tool"],
  ]);
  expect(loosened(NO_FILTERS)).toEqual([]);
});
