import { expect, test } from "vitest";
import type { Source } from "../api/types.ts";
import { ordered, parseOrder, quietOnes, sayOrder, sayRhythm } from "./order.ts";

const source = (name: string, seq: number, more: Partial<Source> = {}): Source => ({
  source: name, events: seq, hour: { events: 0, errors: 0 }, silentSec: 1, usualGapSec: 60, quiet: false,
  entry: { seq, recorded: "", principal: "", category: "tool", severity: "info", event: {} },
  ...more,
});
const names = (sources: readonly Source[], sort: string | null) => ordered(sources, parseOrder(sort)).map((each) => each.source);

test("who is quiet comes first, the longest overdue by its own rhythm before the others", () => {
  const all = [
    source("busy", 9),
    source("daily", 1, { quiet: true, silentSec: 4 * 86_400, usualGapSec: 86_400 }),
    source("often", 2, { quiet: true, silentSec: 600, usualGapSec: 2 }),
    source("new", 10, { usualGapSec: null }),
  ];
  expect(names(all, null)).toEqual(["often", "daily", "new", "busy"]);
  expect(quietOnes(all).map((each) => each.source)).toEqual(["often", "daily"]);
});

test("any column orders, either way, and equal ones by who was heard last", () => {
  expect(names([source("x-10", 1), source("x-9", 2)], "source")).toEqual(["x-9", "x-10"]);
  const all = [source("b", 1, { hour: { events: 5, errors: 1 } }), source("a", 3), source("c", 2)];
  expect(names(all, "source")).toEqual(["a", "b", "c"]);
  expect(names(all, "-source")).toEqual(["c", "b", "a"]);
  expect(names(all, "errors")).toEqual(["b", "a", "c"]);
  expect(names(all, "last")).toEqual(["a", "c", "b"]);
  expect(names(all, "-ever")).toEqual(["b", "c", "a"]);
});

test("an order survives the URL, and what is none is the first", () => {
  expect(sayOrder(parseOrder("-errors"))).toBe("-errors");
  expect(parseOrder("height")).toEqual(parseOrder(null));
});

test.each([
  [{ quiet: true, usualGapSec: 119.2 }, 860_000, "silent 14 min, usually within 2 min"],
  [{ quiet: false, usualGapSec: 0.3 }, 1000, "usually within 1 s"],
  [{ quiet: false, usualGapSec: null }, 1000, "no rhythm yet"],
])("%j", (more, silentMs, expected) => expect(sayRhythm(source("s", 1, more), silentMs)).toBe(expected));
