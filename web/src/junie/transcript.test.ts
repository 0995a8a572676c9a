import { expect, test } from "vitest";
import { transcript, type Step, type Turn } from "./transcript.ts";

const words = { what: "The console does not answer.", next: "", said: "", requestId: null };
const run = (...steps: Step[]): readonly Turn[] => steps.reduce(transcript, [] as readonly Turn[]);
const asked = (id: number, at = 0): Step => ({ type: "asked", id, question: `q${id}`, at });

test("an answer finds its question, in whatever order they come", () => {
  const turns = run(asked(1), asked(2, 10), { type: "answered", id: 2, at: 30, response: "b", raw: "{}" }, { type: "answered", id: 1, at: 40, response: "a", raw: "{}" });
  expect(turns).toMatchObject([{ id: 1, response: "a", tookMs: 40 }, { id: 2, response: "b", tookMs: 20 }]);
});

test("a failed one is sent again in its place", () => {
  const turns = run(asked(1), { type: "failed", id: 1, at: 5, words }, asked(2, 6), asked(1, 7));
  expect(turns).toMatchObject([{ id: 1, status: "pending", askedAt: 7 }, { id: 2, status: "pending" }]);
});

test("an answer that comes after all is not taken for that of another attempt", () => {
  const turns = run(asked(1), { type: "failed", id: 1, at: 5, words }, { type: "answered", id: 1, at: 9, response: "late", raw: "{}" });
  expect(turns).toMatchObject([{ status: "failed" }]);
});
