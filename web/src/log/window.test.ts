import { expect, test } from "vitest";
import { centre, drawn, reveal } from "./window.ts";

test("what can be seen is drawn, wherever it is scrolled to, and not much more", () => {
  for (let top = 0; top < 240_000 - 600; top += 37) {
    const { from, to } = drawn(10_000, 24, top, 600);
    expect(from).toBeLessThanOrEqual(Math.floor(top / 24));
    expect(to).toBeGreaterThanOrEqual(Math.min(10_000, Math.ceil((top + 600) / 24)));
    expect(to - from).toBeLessThan(60);
  }
});

test("a list that is short, empty, or was scrolled beyond its end is drawn as far as it goes", () => {
  expect(drawn(3, 24, 0, 600)).toEqual({ from: 0, to: 3 });
  expect(drawn(0, 24, 0, 600)).toEqual({ from: 0, to: 0 });
  expect(drawn(5, 24, 100_000, 600)).toEqual({ from: 5, to: 5 });
  expect(drawn(5, 24, -20, 600)).toEqual({ from: 0, to: 5 });
});

test("a row is scrolled to no farther than it takes to see it", () => {
  expect(reveal(10, 24, 0, 600)).toBeNull();
  expect(reveal(25, 24, 0, 600)).toBe(24);
  expect(reveal(3, 24, 240, 600)).toBe(72);
  expect(centre(100, 24, 624)).toBe(2100);
  expect(centre(2, 24, 624)).toBe(0);
});
