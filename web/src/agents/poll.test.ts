import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Poll } from "./poll.ts";

class FakeDocument extends EventTarget {
  visibilityState = "visible";
  turn(to: "visible" | "hidden"): void {
    this.visibilityState = to;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

interface Asked {
  readonly signal: AbortSignal;
  answer(): void;
  fail(): void;
}

let page = new FakeDocument();
let asked: Asked[] = [];
let poll: Poll;
let stop: () => void;
const rest = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  page = new FakeDocument();
  asked = [];
  vi.stubGlobal("document", page);
  poll = new Poll((signal) => new Promise((answer, fail) => void asked.push({ signal, answer, fail: () => fail(new Error("no")) })), 10_000);
  stop = poll.start();
});
afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("an answer that takes long is waited for, and then asked for again after a while", async () => {
  await rest(25_000);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.signal.aborted).toBe(false);
  asked[0]?.answer();
  await rest(9_999);
  expect(asked).toHaveLength(1);
  await rest(1);
  expect(asked).toHaveLength(2);
});

test("a failure is an answer too", async () => {
  asked[0]?.fail();
  await rest(10_000);
  expect(asked).toHaveLength(2);
});

test("nobody is asked for a page that is not looked at, and at once when it is again", async () => {
  asked[0]?.answer();
  page.turn("hidden");
  await rest(60_000);
  expect(asked).toHaveLength(1);
  page.turn("visible");
  expect(asked).toHaveLength(2);
  page.turn("visible");
  expect(asked).toHaveLength(2);
});

test("asked for afresh, what was awaited is let go of, and the rhythm begins anew", async () => {
  poll.now();
  expect(asked[0]?.signal.aborted).toBe(true);
  asked[0]?.answer();
  asked[1]?.answer();
  await rest(5000);
  poll.now();
  asked[2]?.answer();
  await rest(9_999);
  expect(asked).toHaveLength(3);
  await rest(1);
  expect(asked).toHaveLength(4);
});

test("what is stopped asks for nothing more", async () => {
  asked[0]?.answer();
  await rest(1);
  stop();
  poll.now();
  page.turn("visible");
  await rest(60_000);
  expect(asked).toHaveLength(1);
});
