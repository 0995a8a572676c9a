import { afterEach, expect, test, vi } from "vitest";
import { NO_FILTERS } from "../filters/filters.ts";
import { endSession, eraseData, exportAddress, getSession, getSources, REFUSED, signIn, signOut } from "./client.ts";

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

test("a way to sign in leads nowhere but to this console, and signing out nowhere but to a web page", async () => {
  const provider = async (url: unknown) => {
    vi.stubGlobal("fetch", async () => Response.json({ principal: null, role: null, signin: ["openid", 7], provider: { name: "Google", url }, expires: null }));
    return (await getSession()).provider;
  };
  expect(await provider("/auth/login")).toEqual({ name: "Google", url: "/auth/login" });
  for (const url of ["//evil.example", "https://evil.example", "javascript:alert(1)", "/\\evil.example", 7, ""]) expect(await provider(url)).toBeNull();
  const onward = async (answer: Response) => {
    vi.stubGlobal("fetch", async () => answer);
    return signOut();
  };
  expect(await onward(new Response(null, { status: 204 }))).toBeNull();
  expect(await onward(Response.json({ continue: "https://id.example/end?x=1" }))).toBe("https://id.example/end?x=1");
  expect(await onward(Response.json({ continue: "javascript:alert(1)" }))).toBeNull();
});

test("whichever request is refused for want of a credential, the page is told; a wrong token is not that", async () => {
  const told: string[] = [];
  vi.stubGlobal("dispatchEvent", (event: Event) => void told.push(event.type));
  vi.stubGlobal("fetch", async () => new Response("{}", { status: 401 }));
  await expect(signIn("wrong")).rejects.toMatchObject({ status: 401 });
  expect(told).toEqual([]);
  await expect(eraseData(7, "why")).rejects.toMatchObject({ status: 401 });
  expect(told).toEqual([REFUSED]);
});

test("how long to wait is told in seconds or by a date", async () => {
  const wait = async (header: string | null) => {
    vi.stubGlobal("fetch", async () => new Response("{}", { status: 429, ...(header !== null && { headers: { "Retry-After": header } }) }));
    return endSession("a/b").catch((error: unknown) => (error as { problem: { retryAfterSec: number | null } }).problem.retryAfterSec);
  };
  expect(await wait("42")).toBe(42);
  expect(await wait(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(50);
  expect([await wait(null), await wait("soon"), await wait("0")]).toEqual([null, null, null]);
});
