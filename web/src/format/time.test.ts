import { expect, test } from "vitest";
import { about, clock, elapsed, fromField, roughly, since, span, stamp, toField, within } from "./time.ts";

test.each([
  [0, "0 s"],
  [38_400, "38 s"],
  [60_000, "1 min"],
  [252_000, "4 min 12 s"],
  [7_500_000, "2 h 5 min"],
  [86_400_000, "1 d"],
  [-5, "0 s"],
])("%i ms is %s", (ms, expected) => expect(span(ms)).toBe(expected));

test("a question's cost has hundredths while it is short", () => {
  expect(elapsed(421)).toBe("0.42 s");
  expect(elapsed(75_000)).toBe("1 min 15 s");
});

test("times of another day say the day", () => {
  const at = new Date(2026, 10, 14, 9, 12, 5).getTime();
  expect(clock(at)).toBe("09:12:05");
  expect(since(at, at + 60_000)).toBe("09:12");
  expect(since(at, at + 86_400_000)).toBe("14 Nov 09:12");
});

test.each([
  [38_400, "38 s"],
  [860_000, "14 min"],
  [7_500_000, "2 h"],
  [280_000_000, "3 d"],
])("%i ms is roughly %s", (ms, expected) => expect(roughly(ms)).toBe(expected));

test.each([
  [28_799_400, "8 h"],
  [3_599_000, "1 h"],
  [86_399_000, "1 d"],
  [59_900, "1 min"],
  [38_400, "38 s"],
  [0, "1 s"],
])("in %i ms is in about %s", (ms, expected) => expect(about(ms)).toBe(expected));

test.each([
  [300, "1 s"],
  [38_400, "39 s"],
  [59_900, "1 min"],
  [118_500, "2 min"],
  [3_590_000, "1 h"],
  [280_000_000, "4 d"],
])("%i ms is within %s", (ms, expected) => expect(within(ms)).toBe(expected));

test("a stamp tells the day, and the year where it is another one", () => {
  const at = Date.parse("2026-11-22T10:42:31.5Z");
  expect(stamp(at, "utc", at)).toBe("22 Nov 10:42:31");
  expect(stamp(at, "utc", Date.parse("2027-01-01T00:00:00Z"))).toBe("2026-11-22 10:42");
  expect(stamp(new Date(2026, 0, 2, 3, 4, 5).getTime(), "local", at)).toBe("02 Jan 03:04:05");
});

test("what a field for a time says is a moment, by either clock", () => {
  expect(fromField("2026-11-22T10:42:31", "utc")).toBe("2026-11-22T10:42:31.000Z");
  expect(toField("2026-11-22T12:42:31+02:00", "utc")).toBe("2026-11-22T10:42:31");
  expect(fromField(toField("2026-11-22T10:42:31.000Z", "local"), "local")).toBe("2026-11-22T10:42:31.000Z");
  expect([fromField("", "utc"), fromField("", "local"), toField("", "utc")]).toEqual(["", "", ""]);
});
