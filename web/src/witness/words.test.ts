import { expect, test } from "vitest";
import { evidence, sayAlarm, sayCheckpoint } from "./words.ts";

const note = (size: number): string => `log\n${size}\nroot\n\n\u2014 log sig\n`;
const kept = { key: "log+aa+KEY", since: Date.parse("2026-11-20T10:00:00"), note: note(1200), at: Date.parse("2026-11-22T10:00:00"), alarm: null };
const alarm = { why: "split", note: note(1300), key: "log+bb+OTHER", at: kept.at + 5000 } as const;
const now = kept.at + 60_000;
const facts = { verdict: { status: "verified", size: 1200, root: "", key: kept.key, note: kept.note, kept }, note: kept.note, kept, refused: null, size: 1203, now } as const;

test("an alarm says what was seen when, and what is shown now", () => {
  expect(sayAlarm(alarm, kept, now).why).toBe("On 22 Nov 10:00:00 this browser saw a checkpoint of 1,200 entries; the one of 1,300 entries that the console shows now does not continue it. Entries were altered, taken out or put in.");
  expect(sayAlarm({ ...alarm, why: "key" }, kept, now).why).toContain("Until now it was log+aa, and now it is log+bb.");
  expect(evidence(alarm, kept)).toContain(note(1200));
  expect(evidence(alarm, kept)).toContain(note(1300));
});

test("the head checkpoint is told with its age, what it leaves out, and what was found", () => {
  expect(sayCheckpoint(facts)).toEqual([
    "Checkpoint of 1,200 entries, first seen here 1 min ago.",
    "3 newer entries are not signed yet.",
    "Verified by this browser: it is signed, and continues all that this browser saw since 20 Nov 10:00:00.",
  ]);
});

test.each([
  ["nothing signed yet", { note: null, kept: null }, "Nothing is signed yet."],
  ["a checkpoint that is not shown any more", { note: null }, "The console shows no checkpoint, though this browser saw one of 1,200 entries on 22 Nov 10:00:00."],
  ["a console that refuses", { refused: "it is older than what was signed" }, "The console refuses to sign: it is older than what was signed"],
  ["a console that refuses and never signed", { note: null, kept: null, refused: "why" }, "It shows no checkpoint."],
  ["what is not signed while it refuses", { refused: "why" }, "3 newer entries are not signed."],
  ["a browser that cannot", { verdict: { status: "cannot", why: "no Ed25519" } }, "Not checked: no Ed25519."],
  ["an alarm", { verdict: { status: "alarm", alarm, kept } }, "It was not accepted: see the alarm."],
] as const)("%s", (_, more, said) => expect(sayCheckpoint({ ...facts, ...more })).toContain(said));
