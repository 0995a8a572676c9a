import { expect, test } from "vitest";
import type { Outcome, Proof } from "./check.ts";
import { sayReceipt } from "./words.ts";

const proved = (data: Proof["data"]): Outcome => ({ status: "proved", proof: { size: 3, root: "", leaf: new Uint8Array(), path: [], key: "", since: 0, file: "", data, at: 0 } });

test("where the console refuses to sign, nothing is promised", () => {
  expect(sayReceipt({ status: "signing refused", why: "the record was set back" })).toMatchObject({ tone: "unknown", what: "Not signed: the console refuses to sign.", more: expect.stringMatching(/the record was set back$/) });
});

test("a proof of an entry vouches for its data where that is there, and for no erasure", () => {
  expect(sayReceipt(proved("data"))).toMatchObject({ tone: "good", what: expect.stringMatching(/^Proved by this browser: /), more: "The data is what was recorded with it." });
  const { what, more } = sayReceipt(proved("erased"));
  expect(what).toMatch(/^Proved by this browser, without its data: /);
  expect(more).toContain("not proved here");
});
