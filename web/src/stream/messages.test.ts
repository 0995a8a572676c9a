import { expect, test } from "vitest";
import { parseMessage } from "./messages.ts";

const entry = { seq: 17, recorded: "2026-11-22T10:00:00.123456Z", principal: "operator", category: "tool", severity: "info", event: { source: "p", type: "t" } };

test("a heartbeat is one, and knows whether it is the welcome", () => {
  const frame = { type: "audit", message: "[AUDIT] governance heartbeat (welcome)", time: "2026-11-22T10:00:00Z", epoch: "e", size: 17, next: 17, writable: false, interval_sec: 5 };
  expect(parseMessage(JSON.stringify(frame), 1)).toEqual({ kind: "heartbeat", welcome: true, time: frame.time, epoch: "e", size: 17, next: 17, writable: false, intervalSec: 5, checkpoint: null, refused: null, at: 1 });
  expect(parseMessage(JSON.stringify({ ...frame, message: "[AUDIT] governance heartbeat" }), 1)).toMatchObject({ welcome: false });
});

test("a heartbeat carries the checkpoint as it came, and why there will be no other", () => {
  const frame = { type: "audit", message: "", time: "", epoch: "e", size: 17, next: 17, checkpoint: "log\n17\nroot\n\n\u2014 log sig\n", signing: "refused: this database is older than what was signed" };
  expect(parseMessage(JSON.stringify(frame), 1)).toMatchObject({ checkpoint: frame.checkpoint, refused: "this database is older than what was signed" });
  expect(parseMessage(JSON.stringify({ ...frame, checkpoint: 17, signing: "ok" }), 1)).toMatchObject({ checkpoint: null, refused: null });
});

test("an entry keeps its data, null included", () => {
  expect(parseMessage(JSON.stringify({ type: "entry", message: "", next: 18, entry, data: null, salt: "s" }), 1)).toEqual({ kind: "entry", next: 18, item: { entry, data: null, salt: "s" } });
});

test("a category or severity from a newer console is shown as the plainest", () => {
  const message = parseMessage(JSON.stringify({ type: "entry", next: 18, entry: { ...entry, category: "quantum", severity: "fatal" } }), 1);
  expect(message).toMatchObject({ item: { entry: { category: "other", severity: "info" } } });
});

test.each(["", "{", "null", "[]", '{"type":"entry"}', '{"type":"entry","next":1,"entry":{}}', '{"type":"audit","next":1}', '{"type":"later","next":1}', '{"type":"entry","next":-1}'])(
  "%j is passed over",
  (frame) => expect(parseMessage(frame, 1)).toBeNull(),
);
