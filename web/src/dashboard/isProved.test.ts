import { expect, test } from "vitest";
import type { Verdict } from "../witness/verdict.ts";
import { isProved } from "./isProved.ts";

const seam = { kind: "reconnected", boundary: 10, lostAt: 100, offlineMs: 5, times: 1, target: 20, recovered: 10, missing: 0 } as const;
const verdict = { status: "verified", size: 20, root: "", key: "k", note: "n", kept: { key: "k", since: 99, note: "n", at: 100, alarm: null } } as const satisfies Verdict;

test.each([
  ["signed before, and over all that was recovered", seam, verdict, true],
  ["known only since", seam, { ...verdict, kept: { ...verdict.kept, since: 101 } }, false],
  ["not all is signed yet", seam, { ...verdict, size: 19 }, false],
  ["not all is recovered yet", { ...seam, recovered: 9 }, verdict, false],
  ["some are missing", { ...seam, recovered: 9, missing: 1 }, verdict, false],
  ["a hole", { kind: "hole", boundary: 5, missing: 1 }, verdict, false],
  ["could not check", seam, { status: "cannot", why: "" }, false],
] as const)("%s", (_, given, found, proved) => expect(isProved(given, found)).toBe(proved));
