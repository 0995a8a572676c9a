import { expect, test } from "vitest";
import { describe as tell } from "./condition.ts";

const beat = { count: 1, at: 0, time: "", intervalSec: 5 };
const facts = { link: { phase: "live" }, beat, heardAt: 0, writable: true, signing: true, behind: 0, offlineSince: null, host: "ops-1:8080" } as const;

test.each([
  ["live", facts, { tone: "good", word: "Live", retry: false }],
  ["live, but the record is not written", { ...facts, writable: false }, { tone: "bad", word: "Live" }],
  ["live, but nothing is signed", { ...facts, signing: false }, { tone: "bad", word: "Live" }],
  ["catching up", { ...facts, link: { phase: "catching-up", target: 9 }, behind: 1200 }, { word: "Catching up", ticking: "1,200" }],
  ["waiting to reconnect", { ...facts, link: { phase: "waiting", retryAt: 4000 } }, { tone: "warn", word: "Reconnecting", ticking: "in 4 s", detail: "no answer from ops-1:8080: check that the console runs", retry: true }],
  ["trying right now", { ...facts, link: { phase: "waiting", retryAt: 0 } }, { word: "Reconnecting", retry: false }],
  ["without a network", { ...facts, offlineSince: 0, link: { phase: "waiting", retryAt: 4000 } }, { tone: "bad", word: "Offline", retry: true }],
] as const)("%s", (_, given, expected) => expect(tell(given, 0)).toMatchObject(expected));

test.each([
  ["a heartbeat that is late is not missing yet", facts, 8000, "Live"],
  ["one that is missing is told in words", facts, 8001, "No heartbeat"],
  ["also while catching up", { ...facts, link: { phase: "catching-up", target: 9 } }, 8001, "No heartbeat"],
  ["and while the record is not written", { ...facts, writable: false }, 8001, "No heartbeat"],
  ["entries are a sign of life too", { ...facts, heardAt: 1000 }, 8001, "Live"],
  ["a fast heartbeat leaves three seconds", { ...facts, beat: { ...beat, intervalSec: 0.1 } }, 3000, "Live"],
  ["and no more", { ...facts, beat: { ...beat, intervalSec: 0.1 } }, 3001, "No heartbeat"],
  ["a network that went is told at once", { ...facts, heardAt: 900, offlineSince: 1000 }, 1000, "Offline"],
  ["but not while something is heard all the same", { ...facts, heardAt: 1001, offlineSince: 1000 }, 2000, "Live"],
  ["a slow heartbeat is waited for", { ...facts, beat: { ...beat, intervalSec: 60 } }, 90_000, "Live"],
  ["a connection that is known to be lost is not silent", { ...facts, link: { phase: "waiting", retryAt: 0 } }, 60_000, "Reconnecting"],
  ["nor one that has not been welcomed", { ...facts, link: { phase: "connecting" } }, 60_000, "Connecting"],
] as const)("%s", (_, given, now, word) => expect(tell(given, now).word).toBe(word));

test("silence is counted from the last heartbeat, in amber", () => {
  expect(tell({ ...facts, heardAt: 3000 }, 12_400)).toMatchObject({ tone: "warn", ticking: "for 12 s", detail: expect.stringMatching(/^ops-1:8080 says nothing/) });
});
