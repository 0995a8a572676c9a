import { expect, test } from "vitest";
import type { Entry } from "../api/types.ts";
import { isPosing, recordedBy } from "./own.ts";
import { what } from "./summary.ts";

const entry = (type: string, principal = "console", source = "console"): Entry => ({ seq: 0, recorded: "", principal, category: "audit", severity: "info", event: { source, type } });

test.each([
  ["console.started", { version: "0.1.0", python: "3.12", url: "http://127.0.0.1:8080", settings: { a: "1" }, before: { seq: 3, end: "stopped" } }, "version 0.1.0 at http://127.0.0.1:8080 · the last time: stopped"],
  ["console.started", { version: "0.1.0", url: "http://127.0.0.1:8080" }, "version 0.1.0 at http://127.0.0.1:8080"],
  ["console.stopped", { version: "0.1.0", why: "SIGTERM" }, "version 0.1.0 · SIGTERM"],
  ["session.began", { by: "token", session: "1", expires: "2026", browser: "Firefox on Linux", from: "10.0.0.1" }, "signed in by token from 10.0.0.1 in Firefox on Linux"],
  ["session.ended", { session: "1", why: "signed out" }, "signed out"],
  ["session.refused", { by: "token", why: "the token is not valid", from: "10.0.0.1" }, "somebody was refused by token from 10.0.0.1: the token is not valid"],
  ["session.refused", { by: "Google", why: "on no list", email: "eve@example.net", from: "10.0.0.1" }, "eve@example.net was refused by Google from 10.0.0.1: on no list"],
  ["session.refused", { more: 41 }, "41 more were refused"],
  ["record.exported", { asked: { severity: ["error"], order: "asc" }, items: 12, whole: true }, "12 entries of severity error, order asc"],
  ["record.exported", { asked: {}, items: 1, whole: false }, "1 entry (broken off)"],
  ["data.erased", { first: 7, last: 7, reason: "a key leaked" }, "data of #7 because a key leaked"],
  ["data.erased", { first: 7, last: 90, reason: "too old", erased: 80 }, "data of #7 to #90 because too old"],
  // What this page does not know is told like anybody's.
  ["console.slept", { message: "well" }, "well"],
  ["toString", { message: "well" }, "well"],
])("the console’s own %s is told in words", (type, data, line) => expect(what({ entry: entry(type), data })).toBe(line));

test("who only claims to be the console gets none of its words", () => {
  expect(what({ entry: entry("session.ended", "agent:planner-7"), data: { session: "1", why: "signed out" } })).not.toBe("signed out");
});

test.each([
  ["console", "console", "", false],
  ["viewer:bob@example.net", "console", "viewer:bob@example.net", false],
  ["agent:planner-7", "console", "agent:planner-7", true],
  ["agent:planner-7", "planner-7", "", false],
  ["agent:planner-7", "curator", "agent:planner-7", false],
  ["operator", "curator", "", false],
])("%s as %s", (principal, source, by, posing) => {
  expect([recordedBy(entry("t", principal, source)), isPosing(entry("t", principal, source))]).toEqual([by, posing]);
});
