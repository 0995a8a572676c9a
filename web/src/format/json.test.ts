import { expect, test } from "vitest";
import { member, prettyJson } from "./json.ts";

test("indents as JSON.stringify does", () => {
  const value = { a: [1, { b: null }], c: {}, d: [], e: "x, {y}: [z] \"q\" \\", f: -1.5e-7, g: [[]] };
  expect(prettyJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
  expect(prettyJson(JSON.stringify(value, null, 4))).toBe(JSON.stringify(value, null, 2));
});

test("rounds no number and drops no duplicate key", () => {
  expect(prettyJson('{"n":12345678901234567890,"n":1.10}')).toBe('{\n  "n": 12345678901234567890,\n  "n": 1.10\n}');
});

test("a member is cut out as it stands, and only from the object itself", () => {
  const text = '{"entry":{"data":1,"x":["data",":"]}, "data": {"n":1.10,"data":[{}]} ,"salt":"data"}';
  expect(member(text, "data")).toBe('{"n":1.10,"data":[{}]}');
  expect([member(text, "salt"), member(text, "entry")]).toEqual(['"data"', '{"data":1,"x":["data",":"]}']);
  expect([member(text, "n"), member(text, "erased"), member("[1]", "n")]).toEqual([null, null, null]);
});

test("a scalar is a document too", () => {
  expect(prettyJson('"x"')).toBe('"x"');
  expect(prettyJson(" 1 ")).toBe("1");
});

test("characters that cannot be seen are written as escapes", () => {
  expect(prettyJson('{"a":"x\u202ey"}')).toBe('{\n  "a": "x\\u202ey"\n}');
});
