import { expect, test } from "vitest";
import { clock, elapsed, since, span } from "./time.ts";

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
