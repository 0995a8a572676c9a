import { afterEach, expect, test, vi } from "vitest";
import { NO_FILTERS } from "../filters/filters.ts";
import { exportAddress, getSources } from "./client.ts";

afterEach(() => void vi.unstubAllGlobals());

const told = (body: unknown) => {
  vi.stubGlobal("fetch", async () => Response.json(body));
  return getSources(new AbortController().signal);
};
const entry = { seq: 3, recorded: "2026-11-22T10:00:00Z", principal: "", category: "tool", severity: "info", event: { source: "s", type: "t" } };

test("sources are believed as far as they make sense", async () => {
  const whole = { source: "s", events: 4, first: 0, last: 3, entry, hour: { events: 2, errors: 1 }, silent_sec: 850.2, usual_gap_sec: 118.5, quiet: true };
  const sources = await told({ time: "2026-11-22T10:00:00Z", sources: [whole, { source: "no entry" }, 7, { source: "bare", entry }] });
  expect(sources).toEqual({
    time: Date.parse("2026-11-22T10:00:00Z"),
    sources: [
      { source: "s", events: 4, entry, hour: { events: 2, errors: 1 }, silentSec: 850.2, usualGapSec: 118.5, quiet: true },
      { source: "bare", events: 0, entry, hour: { events: 0, errors: 0 }, silentSec: 0, usualGapSec: null, quiet: false },
    ],
  });
  await expect(told({ sources: [] })).rejects.toMatchObject({ failure: "unreadable" });
});

test("a selection is exported from its first entry on", () => {
  expect(exportAddress({ ...NO_FILTERS, types: ["a*"], text: "x y" })).toBe("/api/events?type=a*&q=x+y&from=0&format=ndjson");
});
