import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readPlace, visitOf, writePlace } from "./place.ts";

let stored: string | null = null;
beforeEach(() => {
  stored = null;
  vi.stubGlobal("sessionStorage", { getItem: () => stored, setItem: (_: string, value: string) => void (stored = value) });
});
afterEach(() => void vi.unstubAllGlobals());

test("a list is found where it was, until it is left at its top", () => {
  writePlace("a", { seq: 90, px: 7 });
  writePlace("b", { seq: 4, px: 0 });
  writePlace("a", { seq: 80, px: 1 });
  expect([readPlace("a"), readPlace("b"), readPlace("c")]).toEqual([{ seq: 80, px: 1 }, { seq: 4, px: 0 }, null]);
  writePlace("a", null);
  expect([readPlace("a"), readPlace("b")]).toEqual([null, { seq: 4, px: 0 }]);
});

test("only so many are kept, the latest", () => {
  for (let n = 0; n < 100; n += 1) writePlace(`v${n}`, { seq: n, px: 0 });
  expect([readPlace("v79"), readPlace("v80")]).toEqual([null, { seq: 80, px: 0 }]);
});

test.each(["", "{", "7", '[["a",{"seq":"x","px":0}]]', '[["a"]]', "[null]"])("%j is no place", (text) => {
  stored = text;
  expect(readPlace("a")).toBeNull();
  writePlace("a", { seq: 1, px: 2 });
  expect(readPlace("a")).toEqual({ seq: 1, px: 2 });
});

test("where storage is forbidden nothing is kept, and nothing fails", () => {
  vi.stubGlobal("sessionStorage", undefined);
  writePlace("a", { seq: 1, px: 2 });
  expect(readPlace("a")).toBeNull();
});

test("two selections that a tab began with are two visits", () => {
  const at = (search: string) => visitOf({ key: "default", pathname: "/log", search, hash: "", state: null });
  expect(at("?q=a")).not.toBe(at("?q=b"));
});
