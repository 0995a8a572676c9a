import { toQuery, type Filters } from "../filters/filters.ts";
import { ApiError, parseProblem } from "./errors.ts";
import { isFields, parseItem, parsePage, text as textOf } from "./items.ts";
import type { EventsPage, OpenSession, Session, Source, Sources } from "./types.ts";

export const READ_TIMEOUT_MS = 30_000;
/** A model may think for a while. */
const ASK_TIMEOUT_MS = 180_000;

/** An event of the window: a request was refused for want of a credential, so that who is signed in has to be asked anew. */
export const REFUSED = "refused-credential";

/** Throws ApiError for anything but a good answer. */
export async function call(path: string, init: RequestInit, timeout: number, signal?: AbortSignal): Promise<Response> {
  const limit = AbortSignal.timeout(timeout);
  let response: Response;
  try {
    response = await fetch(path, {
      ...init,
      credentials: "same-origin",
      cache: "no-store",
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(limit.aborted ? "timeout" : "unreachable", null, cause);
  }
  if (response.ok) return response;
  // A wrong token says nothing of who is signed in.
  if (response.status === 401 && path !== SESSION) globalThis.dispatchEvent?.(new Event(REFUSED));
  throw new ApiError("refused", await parseProblem(response));
}

const SESSION = "/api/session";

const json = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

/** Throws ApiError where `parse` returns null. */
export async function read<T>(response: Response, parse: (value: unknown) => T | null): Promise<T> {
  let value: T | null;
  try {
    value = parse(await response.json());
  } catch (cause) {
    throw new ApiError("unreadable", null, cause);
  }
  if (value === null) throw new ApiError("unreadable", null);
  return value;
}

/** Only of this console: what it names is where the browser is sent. */
function parseProvider(value: unknown): Session["provider"] {
  if (!isFields(value)) return null;
  const [name, url] = [textOf(value.name), textOf(value.url)];
  return name && /^\/(?![/\\])/.test(url) ? { name, url } : null;
}

function parseSession(value: unknown): Session | null {
  if (typeof value !== "object" || value === null || !("principal" in value)) return null;
  const fields: Record<string, unknown> = { ...value };
  const text = (name: string): string | null => (typeof fields[name] === "string" ? fields[name] : null);
  return {
    principal: text("principal"),
    role: text("role"),
    signin: Array.isArray(fields.signin) ? fields.signin.filter((way) => typeof way === "string") : [],
    provider: parseProvider(fields.provider),
    expires: text("expires"),
    version: text("version") ?? "",
  };
}

export async function getSession(): Promise<Session> {
  return read(await call(SESSION, {}, READ_TIMEOUT_MS), parseSession);
}

export async function signIn(token: string): Promise<Session> {
  return read(await call(SESSION, json("POST", { token }), READ_TIMEOUT_MS), parseSession);
}

/** Where signing out goes on, at the provider; null where it is done. */
export async function signOut(): Promise<string | null> {
  const response = await call(SESSION, { method: "DELETE" }, READ_TIMEOUT_MS);
  if (response.status === 204) return null;
  return read(response, (value) => (isFields(value) ? { on: onward(value.continue) } : null)).then(({ on }) => on);
}

const onward = (address: unknown): string | null => (typeof address === "string" && /^https?:\/\//i.test(address) ? address : null);

function parseSessions(value: unknown): readonly OpenSession[] | null {
  if (!isFields(value) || !Array.isArray(value.sessions)) return null;
  return value.sessions.filter(isFields).map((fields) => ({
    id: textOf(fields.id),
    began: textOf(fields.began),
    seen: textOf(fields.seen),
    expires: textOf(fields.expires),
    browser: textOf(fields.browser),
    current: fields.current === true,
  }));
}

/** Where whoever asks is signed in. */
export async function getSessions(signal: AbortSignal): Promise<readonly OpenSession[]> {
  return read(await call("/api/sessions", {}, READ_TIMEOUT_MS, signal), parseSessions);
}

export async function endSession(id: string): Promise<void> {
  await call(`/api/sessions/${encodeURIComponent(id)}`, { method: "DELETE" }, READ_TIMEOUT_MS);
}

/** Removes an entry's data for good; the entry stays, and the reason is recorded. Whether its bytes are overwritten too. */
export async function eraseData(seq: number, reason: string): Promise<boolean> {
  return read(await call(`/api/events/${seq}/data`, json("DELETE", { reason }), READ_TIMEOUT_MS), (value) => (isFields(value) ? value.overwritten !== false : null));
}

/** A part of the history: newest first below `before`, or oldest first from `from`. */
export interface Reach {
  readonly limit: number;
  readonly before?: number;
  readonly from?: number;
}

export async function getEvents({ limit, before, from }: Reach, signal: AbortSignal, filters?: Filters): Promise<EventsPage> {
  const search = filters ? toQuery(filters) : new URLSearchParams();
  search.set("limit", String(limit));
  if (before !== undefined) search.set("before", String(before));
  if (from !== undefined) search.set("from", String(from));
  return read(await call(`/api/events?${search}`, {}, READ_TIMEOUT_MS, signal), parsePage);
}

/** Where the browser itself can fetch a whole selection from, oldest first. */
export function exportAddress(filters: Filters): string {
  const search = toQuery(filters);
  search.set("from", "0");
  search.set("format", "ndjson");
  return `/api/events?${search}`;
}

function parseSource(value: unknown): Source | null {
  if (typeof value !== "object" || value === null) return null;
  const fields: Record<string, unknown> = { ...value };
  const hour: Record<string, unknown> = typeof fields.hour === "object" && fields.hour !== null ? { ...fields.hour } : {};
  const n = (number: unknown): number => (typeof number === "number" ? number : 0);
  const item = parseItem({ entry: fields.entry });
  if (typeof fields.source !== "string" || item === null) return null;
  return {
    source: fields.source,
    events: n(fields.events),
    entry: item.entry,
    hour: { events: n(hour.events), errors: n(hour.errors) },
    silentSec: n(fields.silent_sec),
    usualGapSec: typeof fields.usual_gap_sec === "number" ? fields.usual_gap_sec : null,
    quiet: fields.quiet === true,
  };
}

function parseSources(value: unknown): Sources | null {
  if (typeof value !== "object" || value === null || !("sources" in value) || !Array.isArray(value.sources)) return null;
  const time = "time" in value && typeof value.time === "string" ? Date.parse(value.time) : NaN;
  return Number.isNaN(time) ? null : { time, sources: value.sources.map(parseSource).filter((source) => source !== null) };
}

/** The most sources that the console tells of at once. */
export const MOST_SOURCES = 500;

/** Who was ever heard, the one heard last first. */
export async function getSources(signal: AbortSignal): Promise<Sources> {
  return read(await call(`/api/sources?limit=${MOST_SOURCES}`, {}, READ_TIMEOUT_MS, signal), parseSources);
}

/** The item's JSON as the console sent it: not parsed, so that nothing in it is rounded or dropped. */
export async function getItemText(seq: number | string, signal: AbortSignal): Promise<string> {
  return (await call(`/api/events/${encodeURIComponent(seq)}`, {}, READ_TIMEOUT_MS, signal)).text();
}

export interface Answer {
  readonly response: string;
  /** The JSON as it came. */
  readonly raw: string;
}

export async function ask(query: string, signal: AbortSignal): Promise<Answer> {
  const response = await call("/api/gpt/query", json("POST", { query }), ASK_TIMEOUT_MS, signal);
  const raw = await response.text();
  try {
    const value: unknown = JSON.parse(raw);
    if (typeof value === "object" && value !== null && "response" in value && typeof value.response === "string") {
      return { response: value.response, raw };
    }
  } catch (cause) {
    throw new ApiError("unreadable", null, cause);
  }
  throw new ApiError("unreadable", null);
}
