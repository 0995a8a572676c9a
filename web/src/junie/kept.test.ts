import { expect, test } from "vitest";
import { parseTurns, type Turn } from "./transcript.ts";

const base = { question: "why?", askedAt: 5 };
const failed: Turn = { ...base, id: 2, status: "failed", tookMs: 3, words: { what: "No.", next: "Again.", said: "", requestId: null } };
const answered: Turn = { ...base, id: 1, status: "answered", tookMs: 3, response: "so", raw: "{}" };

test("a transcript that was kept is the same again, but for what was still being asked", () => {
  const turns: Turn[] = [answered, failed, { ...base, id: 3, status: "pending" }];
  const again = parseTurns(JSON.parse(JSON.stringify(turns)));
  expect(again.slice(0, 2)).toEqual([answered, failed]);
  expect(again[2]).toMatchObject({ id: 3, question: "why?", status: "failed", words: { next: "Send again." } });
  expect([null, {}, [7, { id: "x" }]].map(parseTurns)).toEqual([[], [], []]);
});
