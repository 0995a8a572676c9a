import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Connection, type Owner, type Socket } from "./connection.ts";

class FakeSocket implements Socket {
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  closed = false;
  close(): void {
    this.closed = true;
  }
  says(data: string): void {
    this.onmessage?.({ data } as MessageEvent);
  }
  ends(code: number, reason = ""): void {
    this.onclose?.({ code, reason } as CloseEvent);
  }
}

const sockets: FakeSocket[] = [];
const owner = {
  address: vi.fn<Owner["address"]>(),
  connecting: vi.fn<Owner["connecting"]>(),
  message: vi.fn<Owner["message"]>(),
  down: vi.fn<Owner["down"]>(),
  ended: vi.fn<Owner["ended"]>(),
  lostPosition: vi.fn<Owner["lostPosition"]>(),
};
let connection: Connection;

/** `random` of 1: each delay is the longest it may be. */
const begin = async (random = 1) => {
  connection = new Connection(owner, () => {
    const socket = new FakeSocket();
    sockets.push(socket);
    return socket;
  }, () => random);
  connection.start();
  await vi.advanceTimersByTimeAsync(0);
};
const socket = () => sockets.at(-1)!;

beforeEach(() => {
  vi.useFakeTimers();
  sockets.length = 0;
  for (const each of Object.values(owner)) each.mockReset();
  owner.address.mockResolvedValue("ws://x");
});
afterEach(() => {
  connection.stop();
  vi.useRealTimers();
});

test("backs off from a second and a half to thirty, and starts over once it was welcomed", async () => {
  await begin();
  const delays: number[] = [];
  for (let i = 0; i < 12; i += 1) {
    socket().ends(1006);
    const delay = owner.down.mock.lastCall![1] - Date.now();
    delays.push(delay);
    await vi.advanceTimersByTimeAsync(delay);
  }
  expect(delays).toEqual([1500, 1500, 2000, 2000, 4000, 4000, 8000, 8000, 16_000, 16_000, 30_000, 30_000]);
  socket().says("{}");
  socket().ends(1001);
  expect(owner.down.mock.lastCall).toEqual([Date.now(), Date.now() + 1500, true]);
});

test.each([0, 0.25, 0.5, 0.75, 0.999, 1])("a restart of three seconds is noticed within two, whatever the chance (%d)", async (chance) => {
  await begin(chance);
  socket().says("{}");
  const backAt = Date.now() + 3000;
  socket().ends(1001);
  while (Date.now() < backAt) {
    const tried = sockets.length;
    await vi.advanceTimersByTimeAsync(owner.down.mock.lastCall![1] - Date.now());
    expect(sockets).toHaveLength(tried + 1);
    if (Date.now() < backAt) socket().ends(1006);
  }
  expect(Date.now() - backAt).toBeLessThanOrEqual(2000);
});

test("never comes back sooner than a second", async () => {
  await begin(0);
  socket().ends(1006);
  expect(owner.down.mock.lastCall).toEqual([Date.now(), Date.now() + 1000, false]);
});

test("a laptop that slept was away since it heard the last, not since it woke", async () => {
  await begin();
  socket().says("{}");
  const heardAt = Date.now();
  vi.setSystemTime(heardAt + 3_600_000);
  socket().ends(1006);
  expect(owner.down.mock.lastCall).toEqual([heardAt, Date.now() + 1500, true]);
});

test("waking connects at once, and once", async () => {
  await begin();
  socket().ends(1006);
  connection.wake();
  connection.wake();
  await vi.advanceTimersByTimeAsync(60_000 / 10);
  expect(sockets).toHaveLength(2);
});

test("an address that cannot be had is retried", async () => {
  owner.address.mockRejectedValueOnce(new Error("no"));
  await begin();
  expect(sockets).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(2000);
  expect(sockets).toHaveLength(1);
});

test("silence of three heartbeats is taken for death, dated to the last word", async () => {
  await begin();
  connection.expectEvery(5);
  const dead = socket();
  dead.says("{}");
  const heard = Date.now();
  await vi.advanceTimersByTimeAsync(15_000);
  expect(owner.down).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1000);
  expect(owner.down.mock.lastCall?.[0]).toBe(heard);
  expect(dead.closed).toBe(true);
});

test("a fast heartbeat still leaves ten seconds", async () => {
  await begin();
  connection.expectEvery(0.1);
  socket().says("{}");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(owner.down).not.toHaveBeenCalled();
});

test("4401 and 4510 are told apart from a lost line", async () => {
  await begin();
  socket().ends(4510, "ahead");
  expect(owner.lostPosition).toHaveBeenCalledWith("ahead");
  await vi.advanceTimersByTimeAsync(2000);
  socket().ends(4401);
  expect(owner.ended).toHaveBeenCalledOnce();
});

test("a socket given up is not listened to", async () => {
  await begin();
  const old = socket();
  connection.stop();
  old.says("{}");
  old.ends(1006);
  expect(owner.message).not.toHaveBeenCalled();
  expect(owner.down).not.toHaveBeenCalled();
});
