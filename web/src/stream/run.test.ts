import { beforeEach, expect, test } from "vitest";
import { forgetRun, keepRun, readRun } from "./run.ts";

const run = (seq: number, next: number, epoch = "e") => ({ epoch, seq, at: seq * 10, next });

beforeEach(forgetRun);

test.each([
  ["one that goes on from it", run(50, 60), run(10, 60)],
  ["one that is behind it", run(20, 30), run(10, 50)],
  ["one after a gap", run(51, 60), run(51, 60)],
  ["one that began before it", run(5, 60), run(5, 60)],
  ["one of another record", run(50, 60, "f"), run(50, 60, "f")],
])("what is kept is joined to %s, where they meet", (_, later, kept) => {
  keepRun(run(10, 50));
  keepRun(later);
  expect(readRun()).toEqual({ ...kept, at: kept.seq * 10 });
});
