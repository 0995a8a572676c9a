import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NO_FILTERS, parseFilters, type Filters } from "../filters/filters.ts";
import { LogReader } from "./reader.ts";

const TOOL: Filters = { ...NO_FILTERS, categories: ["tool"] };

/** A console with so many entries, every fifth of category `tool`, that looks at no more than `budget` for one answer. */
class Model {
  epoch = "e";
  budget = Infinity;
  failing = false;
  readonly asked: string[] = [];

  constructor(public size: number) {}

  matching(filters: Filters): number[] {
    return Array.from({ length: this.size }, (_, seq) => seq).filter((seq) => filters.categories.length === 0 || seq % 5 === 0).reverse();
  }

  readonly fetch = async (path: string, init: { signal: AbortSignal }): Promise<Response> => {
    this.asked.push(path);
    await Promise.resolve();
    init.signal.throwIfAborted();
    if (this.failing) throw new TypeError("failed to fetch");
    const query = new URLSearchParams(path.split("?")[1]);
    const all = this.matching(parseFilters(query));
    const limit = Number(query.get("limit"));
    const from = query.get("from");
    const start = Number(from ?? query.get("before") ?? this.size);
    expect(start).toBeLessThanOrEqual(this.size);
    const [low, high] = from === null ? [Math.max(0, start - this.budget), start] : [start, Math.min(this.size, start + this.budget)];
    const found = (from === null ? all : all.toReversed()).filter((seq) => seq >= low && seq < high);
    const items = found.slice(0, limit);
    const last = items.at(-1) ?? 0;
    const reached = items.length < found.length ? (from === null ? last : last + 1) : from === null ? low : high;
    const next = reached === (from === null ? 0 : this.size) ? null : reached;
    return Response.json({ epoch: this.epoch, size: this.size, next, items: items.map((seq) => ({ entry: { seq, recorded: "", category: "tool", severity: "info", event: {} } })) });
  };
}

let model = new Model(0);
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  vi.stubGlobal("fetch", (path: string, init: { signal: AbortSignal }) => model.fetch(path, init));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const rest = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const seqs = (reader: LogReader): number[] => reader.getPages().rows.map((row) => row.seq);
async function started(filters: Filters = NO_FILTERS, anchor: number | null = null): Promise<LogReader> {
  const reader = new LogReader(filters, anchor === null ? null : { seq: anchor, px: null });
  reader.start();
  await rest();
  return reader;
}

test("scrolled down to its end, the list is the selection, each entry once", async () => {
  model = new Model(1733);
  const reader = await started();
  expect(seqs(reader)).toHaveLength(200);
  for (let i = 0; i < 20; i += 1) {
    reader.wantOlder();
    await rest();
  }
  expect(seqs(reader)).toEqual(model.matching(NO_FILTERS));
  expect(reader.getPages()).toMatchObject({ bottom: null, looking: "no" });
});

test("answers that are cut short, even empty, are gone on from until enough is found", async () => {
  model = new Model(4000);
  model.budget = 3;
  const reader = await started(TOOL);
  expect(seqs(reader).length).toBeGreaterThanOrEqual(100);
  expect(seqs(reader)).toEqual(model.matching(TOOL).slice(0, seqs(reader).length));
});

test("looking can be stopped, and goes on from where it got to", async () => {
  model = new Model(400);
  model.budget = 3;
  const reader = new LogReader(TOOL, null);
  const hasEnough = reader.subscribe(() => {
    if (reader.getPages().found > 5) reader.stopLooking();
  });
  reader.start();
  await rest();
  hasEnough();
  const { bottom } = reader.getPages();
  expect(bottom).toBeGreaterThan(0);
  expect(reader.getPages()).toMatchObject({ looking: "stopped", bottom });
  reader.wantOlder();
  await rest();
  expect(reader.getPages().looking).toBe("stopped");
  reader.goOn();
  await rest();
  expect(seqs(reader)).toEqual(model.matching(TOOL));
});

test("while entries arrive, both ends are read on and nothing is missing between", async () => {
  model = new Model(500);
  const reader = await started(TOOL);
  for (let i = 0; i < 40; i += 1) {
    model.size += i % 7;
    reader.grownTo(model.size);
    await rest(400);
    if (i % 5 === 0) reader.showFresh();
    if (i % 3 === 0) reader.wantOlder();
  }
  await rest(5000);
  reader.showFresh();
  await rest();
  expect(seqs(reader)).toEqual(model.matching(TOOL));
});

test("opened at an entry far down, it has entries to either side, and reads on upwards", async () => {
  model = new Model(3000);
  const reader = await started(NO_FILTERS, 700);
  expect(seqs(reader).slice(0, 41).at(-1)).toBe(700);
  await rest(10_000);
  expect(reader.getPages().fresh.at(-1)?.seq).toBe(741);
  reader.showFresh();
  expect(seqs(reader)).toEqual(model.matching(NO_FILTERS).slice(3000 - (seqs(reader)[0] ?? 0) - 1).slice(0, seqs(reader).length));
});

test("opened at an entry that is among the newest, it begins with the newest", async () => {
  model = new Model(300);
  expect(seqs(await started(NO_FILTERS, 290))[0]).toBe(299);
  expect(seqs(await started(NO_FILTERS, 5000))[0]).toBe(299);
});

test("a failure is told, is not repeated by scrolling, and can be gone on from", async () => {
  model = new Model(600);
  const reader = await started();
  model.failing = true;
  reader.wantOlder();
  await rest();
  const { length } = model.asked;
  expect(reader.getPages()).toMatchObject({ error: { failure: "unreachable" }, rows: { length: 200 } });
  reader.wantOlder();
  await rest();
  expect(model.asked).toHaveLength(length);
  model.failing = false;
  reader.goOn();
  await rest();
  expect(seqs(reader)).toHaveLength(400);
});

test("newer entries are asked for once a second at most, however fast they come", async () => {
  model = new Model(10);
  const reader = await started();
  for (let i = 0; i < 100; i += 1) {
    model.size += 1;
    reader.grownTo(model.size);
    await rest(100);
  }
  expect(model.asked.filter((path) => path.includes("from=")).length).toBeLessThanOrEqual(10);
});

test("one that was stopped asks for nothing more", async () => {
  model = new Model(10);
  const reader = new LogReader(NO_FILTERS, null);
  const stop = reader.start();
  await rest();
  stop();
  reader.grownTo(500);
  await rest(5000);
  expect(model.asked).toHaveLength(1);
});

test("a page of another record does not join: the list begins anew with that one", async () => {
  model = new Model(1000);
  const reader = await started();
  model = new Model(900);
  model.epoch = "f";
  reader.wantOlder();
  await rest();
  expect(reader.getPages()).toMatchObject({ epoch: "f", top: 900, looking: "no" });
  expect(seqs(reader)).toEqual(model.matching(NO_FILTERS).slice(0, seqs(reader).length));
});
