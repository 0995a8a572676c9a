import { expect, test } from "vitest";
import { parsePage } from "./items.ts";

const entry = { seq: 17, recorded: "2026-11-22T10:00:00.123456Z", principal: "operator", category: "tool", severity: "info", event: { source: "p", type: "t" } };

test("a page without an epoch cannot be resumed from", () => {
  expect(parsePage({ size: 0, items: [], next: null })).toBeNull();
  expect(parsePage({ epoch: "e", size: 18, items: [{ entry }, {}], next: 0 })).toEqual({ epoch: "e", size: 18, items: [{ entry }], next: 0 });
});
