import { expect, test } from "vitest";
import { judge, type LogDoor } from "./judge.ts";
import { parseKept, sizeOf, type Kept } from "./keeping.ts";
import { entriesOf, makeKey, SmallLog } from "./smalllog.ts";

const NAME = "log.example/1";
const key = await makeKey(NAME);
const log = new SmallLog(key, entriesOf(20));
const doorOf = (of: SmallLog): LogDoor => ({ key: async () => of.key.verifier, consistency: (from, to) => of.consistency(from, to) });
const kept = async (size: number): Promise<Kept> => ({ key: key.verifier, since: 1, note: await log.note(size), at: 2, alarm: null });

test("the first checkpoint pins the key that the console names", async () => {
  const note = await log.note(7);
  expect(await judge(note, null, doorOf(log), 5)).toMatchObject({ outcome: "verified", checkpoint: { size: 7 }, kept: { key: key.verifier, since: 5, note, at: 5, alarm: null } });
});

test("a checkpoint that continues the kept one takes its place, a smaller one of the same history does not", async () => {
  const before = await kept(7);
  const note = await log.note(20);
  expect(await judge(note, before, doorOf(log), 9)).toMatchObject({ outcome: "verified", kept: { ...before, note, at: 9 } });
  const same = await judge(await log.note(7), before, doorOf(log), 9);
  expect(same.outcome === "verified" && same.kept).toBe(before);
  const smaller = await judge(await log.note(3), before, doorOf(log), 9);
  expect(smaller.outcome === "verified" && smaller.kept).toBe(before);
});

test("another history is an alarm at every size, whatever the console answers", async () => {
  for (const fork of [0, 5, 6]) {
    const other = new SmallLog(key, entriesOf(30, fork));
    for (const size of [7, 8, 20, 30]) {
      expect(await judge(await other.note(size), await kept(7), doorOf(other), 9)).toMatchObject({ outcome: "alarm", why: "split" });
      if (size <= 20) expect(await judge(await other.note(size), await kept(7), doorOf(log), 9)).toMatchObject({ outcome: "alarm", why: "split" });
    }
  }
});

test("a record that was set back is an alarm, though it is a true beginning", async () => {
  const cut = new SmallLog(key, entriesOf(5));
  expect(await judge(await cut.note(5), await kept(7), doorOf(cut), 9)).toEqual({ outcome: "alarm", why: "shorter", key: key.verifier });
});

test("another key is an alarm, of the same name or not, and both are told", async () => {
  for (const name of [NAME, "log.example/2"]) {
    const other = new SmallLog(await makeKey(name), entriesOf(20));
    expect(await judge(await other.note(20), await kept(7), doorOf(other), 9)).toEqual({ outcome: "alarm", why: "key", key: other.key.verifier });
  }
});

test("what is not signed is an alarm, with something kept and without", async () => {
  const note = await log.note(9);
  const false_ = [note.replace("\n9\n", "\n8\n"), note.slice(0, note.indexOf("\n\n") + 1), "", "junk", await log.note(9, "log.example/2"), await key.sign("not a checkpoint\n")];
  for (const one of false_) {
    expect(await judge(one, await kept(7), doorOf(log), 9)).toMatchObject({ outcome: "alarm", why: "signature" });
    expect(await judge(one, null, doorOf(log), 9)).toMatchObject({ outcome: "alarm", why: "signature" });
  }
  expect(await judge(note, null, { ...doorOf(log), key: async () => "no key" }, 9)).toMatchObject({ outcome: "alarm", why: "signature" });
});

test("no answer is no verdict", async () => {
  const away: LogDoor = { key: () => Promise.reject(new Error("away")), consistency: () => Promise.reject(new Error("away")) };
  await expect(judge(await log.note(9), await kept(7), away, 9)).rejects.toThrow("away");
  await expect(judge(await log.note(9), null, away, 9)).rejects.toThrow("away");
});

test("what is kept comes back as it was, and junk is nothing", async () => {
  const one: Kept = { ...(await kept(7)), alarm: { why: "split", note: "n", key: "k", at: 3 } };
  expect(parseKept(JSON.stringify(one))).toEqual(one);
  for (const junk of [null, "", "{", "null", "7", "{}", JSON.stringify({ ...one, key: 7 }), JSON.stringify({ ...one, at: "7" })]) expect(parseKept(junk)).toBeNull();
});

test("a note's size is its second line, where that is one", () => {
  expect([sizeOf("o\n17\nr\n"), sizeOf(null), sizeOf(""), sizeOf("o\n-1\n"), sizeOf("o\n1e3\n")]).toEqual([17, null, null, null, null]);
});
