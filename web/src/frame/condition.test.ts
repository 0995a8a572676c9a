import { expect, test } from "vitest";
import { describe as tell } from "./condition.ts";

const facts = { link: { phase: "live" }, writable: true, behind: 0, online: true, host: "ops-1:8080" } as const;

test.each([
  ["live", facts, { tone: "good", word: "Live", retry: false }],
  ["live, but the record is not written", { ...facts, writable: false }, { tone: "bad", word: "Live" }],
  ["catching up", { ...facts, link: { phase: "catching-up", target: 9 }, behind: 1200 }, { word: "Catching up", detail: "1,200" }],
  ["waiting to reconnect", { ...facts, link: { phase: "waiting", retryAt: 4000 } }, { tone: "warn", word: "Reconnecting", detail: "in 4 s · no answer from ops-1:8080: check that the console runs", retry: true }],
  ["trying right now", { ...facts, link: { phase: "waiting", retryAt: 0 } }, { word: "Reconnecting", retry: false }],
  ["without a network", { ...facts, online: false, link: { phase: "waiting", retryAt: 4000 } }, { tone: "bad", word: "Offline", retry: true }],
] as const)("%s", (_, given, expected) => expect(tell(given, 0)).toMatchObject(expected));
