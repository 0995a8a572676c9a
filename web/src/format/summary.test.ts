import { expect, test } from "vitest";
import type { Item } from "../api/types.ts";
import { what } from "./summary.ts";

const item = (data: unknown, more: Partial<Item> = {}): Item => ({
  entry: { seq: 0, recorded: "", principal: "", category: "other", severity: "info", event: { id: "1", source: "s", type: "t" } },
  data,
  ...more,
});

test.each([
  // As agents write them today.
  [{ status: "error", task: "connectivity_test_001" }, "connectivity_test_001 · error"],
  [{ details: { service: "artisan", ok: false } }, "artisan ok:false"],
  [{ details: { message: "manual heartbeat injected" } }, "manual heartbeat injected"],
  [{ details: { error: "Error code: 400", model: "gpt-5-mini" } }, "Error code: 400 · gpt-5-mini"],
  [{ model: "gpt-5-mini", status: "ok" }, "gpt-5-mini · ok"],
  [{ status: "ok", path: "governance\\audits\\x.json" }, "governance\\audits\\x.json · ok"],
  [{ status: "ok", phase: "40.2", count: 3, approved: 3, avg_score: 0 }, "ok · phase 40.2 · count 3 · approved 3 · avg_score 0"],
  [{ member: { id: "artisan-executor", role: "Executor", connections: ["orion"], version: "1.0.0" } }, "artisan-executor · role Executor"],
  // As they might.
  [{ tool: "http.get" }, "http.get"],
  [{ error: { message: "no route to host", code: 7 }, tool: "ssh" }, "no route to host · ssh · code 7"],
  ["just text", "just text"],
  [42, "42"],
  [false, "false"],
  [null, ""],
  [[], "0 items"],
  [["a", 2, { b: 1 }], "a · 2"],
  [{ nested: { deep: { deeper: 1 } }, list: [1] }, "nested · list"],
  [{}, ""],
])("%j is about %j", (data, expected) => {
  expect(what(item(data))).toBe(expected);
});

test("data that is not JSON is told by its size, data that is gone as gone", () => {
  expect(what(item(undefined, { data_base64: "A".repeat(4000) }))).toBe("3,000 bytes");
  expect(what(item(undefined, { erased: { by: "ada", at: "2026-11-22T10:42:31Z", reason: "a key leaked" } }))).toBe("data erased by ada at 2026-11-22 10:42 UTC because a key leaked");
  expect(what(item(undefined, { erased: { by: "", at: "", reason: "" } }))).toBe("data erased");
});

test("without data the subject speaks", () => {
  const bare = item(undefined);
  expect(what({ entry: { ...bare.entry, event: { subject: "order 8812" } } })).toBe("order 8812");
});

test("a long line is cut", () => {
  expect(what(item("x".repeat(10_000)))).toHaveLength(240);
});
