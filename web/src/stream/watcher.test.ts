import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readRun } from "./run.ts";
import { writePreference } from "../ui/preference.ts";
import { Watcher } from "./watcher.ts";

class FakeSocket {
  onmessage: ((event: { readonly data: string }) => void) | null = null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null;
  readonly address: string;
  constructor(address: string) {
    this.address = address;
    sockets.push(this);
  }
  close(): void {}
  says(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

/** A page: only a visible one gets animation frames, and only when `paint` says so. */
class FakeDocument extends EventTarget {
  visibilityState: "visible" | "hidden" = "visible";
  turn(to: "visible" | "hidden"): void {
    this.visibilityState = to;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

const entry = (seq: number, severity = "info") => ({ seq, recorded: new Date().toISOString(), principal: "", category: "tool", severity, event: { source: "s", type: "t" } });
const streamed = (seq: number, severity?: string) => ({ type: "entry", next: seq + 1, entry: entry(seq, severity) });
const welcome = (size: number, next = size, epoch = "e") => ({ type: "audit", message: "[AUDIT] governance heartbeat (welcome)", time: new Date().toISOString(), epoch, size, next, writable: true, interval_sec: 5 });

let sockets: FakeSocket[] = [];
let frames = new Map<number, () => void>();
let page = new FakeDocument();
let asked: string[] = [];
let answer: (path: string) => Response;
let stop: (() => void) | undefined;

const paint = (): void => {
  if (page.visibilityState === "hidden") return;
  const due = [...frames.values()];
  frames.clear();
  for (const each of due) each();
};
const socket = (): FakeSocket => sockets.at(-1)!;
const rest = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

async function started(size = 0, checkSession = () => {}): Promise<Watcher> {
  answer = () => Response.json({ epoch: "e", size, next: null, items: Array.from({ length: size }, (_, i) => ({ entry: entry(size - 1 - i) })) });
  const watcher = new Watcher(checkSession);
  stop = watcher.start();
  await rest();
  socket().says(welcome(size));
  paint();
  return watcher;
}

beforeEach(() => {
  vi.useFakeTimers();
  writePreference("unbroken", null);
  sockets = [];
  frames = new Map();
  page = new FakeDocument();
  asked = [];
  let handle = 0;
  vi.stubGlobal("document", page);
  vi.stubGlobal("window", new EventTarget());
  vi.stubGlobal("location", { protocol: "https:", host: "ops-1" });
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("requestAnimationFrame", (call: () => void) => (frames.set((handle += 1), call), handle));
  vi.stubGlobal("cancelAnimationFrame", (which: number) => frames.delete(which));
  vi.stubGlobal("fetch", async (path: string) => (asked.push(path), answer(path)));
});
afterEach(() => {
  stop?.();
  stop = undefined;
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("history is read first, and the stream from where it ends", async () => {
  const watcher = await started(3);
  expect(socket().address).toBe("wss://ops-1/api/ws/telemetry?from=3&epoch=e");
  expect(watcher.getState()).toMatchObject({ next: 3, historyDone: true, link: { phase: "live" }, rows: { length: 3 } });
});

test("what comes between two frames is one change, drawn with the next frame", async () => {
  const watcher = await started();
  const changed = vi.fn();
  watcher.subscribe(changed);
  for (let seq = 0; seq < 100; seq += 1) socket().says(streamed(seq));
  expect(changed).not.toHaveBeenCalled();
  paint();
  expect(changed).toHaveBeenCalledOnce();
  expect(watcher.getState().rows).toHaveLength(100);
});

test("a page that is left with a frame pending goes on counting in the background", async () => {
  const watcher = await started();
  socket().says(streamed(0, "error"));
  page.turn("hidden");
  expect(watcher.getState().unseen).toBe(1);
  socket().says(streamed(1, "error"));
  await rest(1000);
  expect(watcher.getState().unseen).toBe(2);
  socket().says(streamed(2));
  page.turn("visible");
  expect(watcher.getState().rows).toHaveLength(3);
});

test("a flood in the background is worked off before it has grown large", async () => {
  const watcher = await started();
  page.turn("hidden");
  for (let seq = 0; seq < 2000; seq += 1) socket().says(streamed(seq));
  expect(watcher.getState().next).toBe(2000);
});

test("coming back into view, or to a network, reconnects at once from where it was", async () => {
  const watcher = await started(3);
  for (const comes of [() => page.turn("visible"), () => window.dispatchEvent(new Event("online"))]) {
    socket().says(streamed(watcher.getState().next));
    socket().onclose?.({ code: 1006, reason: "" });
    expect(watcher.getState().link.phase).toBe("waiting");
    const before = sockets.length;
    comes();
    await rest();
    expect(sockets).toHaveLength(before + 1);
    expect(socket().address).toContain(`from=${watcher.getState().next}&epoch=e`);
    socket().says(welcome(watcher.getState().next));
    paint();
  }
});

test("where the record is another, its history is read anew", async () => {
  const watcher = await started(3);
  socket().onclose?.({ code: 4510, reason: "epoch" });
  answer = () => Response.json({ epoch: "f", size: 1, next: null, items: [{ entry: entry(0) }] });
  await rest(30_000);
  expect(socket().address).toContain("from=1&epoch=f");
  expect(watcher.getState()).toMatchObject({ epoch: "f", rows: { length: 1 }, seams: [{ kind: "other" }] });
});

test("errors are read by themselves, beyond all that is read back, and until they are nobody says there were none", async () => {
  let reachable = false;
  const quiet = (before: number) => Array.from({ length: 1000 }, (_, i) => ({ entry: entry(before - 1 - i) }));
  const history = (path: string): Response => {
    const query = new URL(path, "https://ops-1").searchParams;
    const before = Number(query.get("before") ?? 20_000);
    if (query.get("severity") !== "error") return Response.json({ epoch: "e", size: 20_000, next: before - 1000, items: quiet(before) });
    if (!reachable) return new Response(null, { status: 503 });
    return Response.json({ epoch: "e", size: 20_000, next: null, items: [{ entry: entry(7, "critical") }] });
  };
  const watcher = await started(0);
  socket().onclose?.({ code: 4510, reason: "epoch" });
  answer = history;
  await rest(1500);
  expect(watcher.getState()).toMatchObject({ historyDone: true, problems: [], problemsRead: false });
  expect(watcher.getState().countedFrom).toBeGreaterThan(0);
  reachable = true;
  await rest(5000);
  expect(watcher.getState()).toMatchObject({ problems: [{ seq: 7 }], problemsRead: true });
});

test("what was seen without a gap goes on after a reload, where history reaches back to it", async () => {
  const first = await started(3);
  socket().says(streamed(3));
  socket().says(welcome(4));
  paint();
  stop?.();
  expect(readRun()).toMatchObject({ epoch: "e", seq: 3, next: 4 });
  const again = await started(9);
  expect(again.getState().unbroken).toEqual(first.getState().unbroken);
  stop?.();
});

test("what was seen of a record that is shorter now is not in it any more", async () => {
  writePreference("unbroken", JSON.stringify({ epoch: "e", seq: 0, at: 1, next: 9 }));
  const watcher = await started(2);
  expect([watcher.getState().unbroken?.seq, readRun()?.seq]).toEqual([2, 2]);
});

test("while history is being read, what was seen before is not given up", async () => {
  writePreference("unbroken", JSON.stringify({ epoch: "e", seq: 7, at: 1, next: 15_000 }));
  const never = new Promise<Response>(() => {});
  vi.stubGlobal("fetch", async (path: string) => (path.includes("before") ? never : Response.json({ epoch: "e", size: 20_000, next: 19_999, items: [{ entry: entry(19_999) }] })));
  const watcher = new Watcher(() => {});
  stop = watcher.start();
  await rest();
  socket().says(welcome(20_000));
  paint();
  expect(readRun()).toMatchObject({ seq: 7, next: 15_000 });
});

test("history is read back to what was seen before; where it does not reach, the run begins anew", async () => {
  const day = 86_400_000;
  for (const [seen, seq] of [[15_000, 7], [13_000, 20_000]] as const) {
    writePreference("unbroken", JSON.stringify({ epoch: "e", seq: 7, at: 1, next: seen }));
    const watcher = new Watcher(() => {});
    answer = (path) => {
      const query = new URL(path, "https://ops-1").searchParams;
      const [before, limit] = [Number(query.get("before") ?? 20_000), Number(query.get("limit"))];
      const old = { recorded: new Date(Date.now() - day).toISOString() };
      const items = query.has("severity") ? [] : Array.from({ length: limit }, (_, i) => ({ entry: { ...entry(before - 1 - i), ...old } }));
      return Response.json({ epoch: "e", size: 20_000, next: query.has("severity") ? null : before - limit, items });
    };
    stop = watcher.start();
    await rest();
    expect(watcher.getState()).toMatchObject({ historyDone: true, unbroken: { seq } });
    stop();
  }
});

test("whether one is still signed in is asked where a failure may mean that one is not", async () => {
  const checkSession = vi.fn();
  await started(0, checkSession);
  socket().onclose?.({ code: 1006, reason: "" });
  expect(checkSession).not.toHaveBeenCalled();
  await rest(3000);
  socket().onclose?.({ code: 1006, reason: "" });
  expect(checkSession).toHaveBeenCalledOnce();
  await rest(3000);
  socket().onclose?.({ code: 4401, reason: "" });
  expect(checkSession).toHaveBeenCalledTimes(3);
});

test("what is stopped asks for nothing more", async () => {
  await started();
  stop?.();
  const before = [asked.length, sockets.length];
  page.turn("visible");
  await rest(60_000);
  expect([asked.length, sockets.length]).toEqual(before);
});
