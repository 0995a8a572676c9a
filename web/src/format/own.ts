import type { Entry } from "../api/types.ts";

/** What the console records of itself (docs/api.md), as a line for people. */

type Data = Readonly<Record<string, unknown>>;

const CONSOLE = "console";
const AGENT = "agent:";

/** Whether it is the console's own entry, as far as one can tell: agents send under their own names. */
export const isOwn = ({ category, event, principal }: Entry): boolean => category === "audit" && event.source === CONSOLE && !principal.startsWith(AGENT);

/**
 * Who recorded it, where its source does not tell: an agent that sends under another name than its own, or whoever
 * did what the console records. Empty where the source says it all.
 */
export function recordedBy({ event, principal }: Entry): string {
  if (event.source === CONSOLE) return principal === CONSOLE ? "" : principal;
  return principal.startsWith(AGENT) && principal.slice(AGENT.length) !== event.source ? principal : "";
}

/** Whether that is an agent under the console's name. */
export const isPosing = ({ event, principal }: Entry): boolean => event.source === CONSOLE && principal.startsWith(AGENT);

const said = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");
/** The words that have something to say. */
const joined = (...parts: readonly string[]): string => parts.filter(Boolean).join(" ");
const after = (word: string, value: unknown): string => said(value) && `${word} ${said(value)}`;
const isData = (value: unknown): value is Data => typeof value === "object" && value !== null && !Array.isArray(value);

function sayAsked(asked: unknown): string {
  return isData(asked) ? Object.entries(asked).map(([name, value]) => `${name} ${Array.isArray(value) ? value.map(said).join(", ") : said(value)}`).join(", ") : "";
}

const SAY: Readonly<Record<string, (data: Data) => string>> = {
  "console.started": ({ version, url, before }) => joined("version", said(version), after("at", url), isData(before) ? `· the last time: ${said(before.end)}` : ""),
  "console.stopped": ({ version, why }) => joined("version", said(version), after("·", why)),
  "session.began": ({ by, from, browser }) => joined("signed in", after("by", by), after("from", from), after("in", browser)),
  "session.ended": ({ why }) => said(why),
  "session.refused": ({ more, email, by, from, why }) =>
    said(more) ? `${said(more)} more were refused` : joined(said(email) || "somebody", "was refused", after("by", by), after("from", from)) + (said(why) && `: ${said(why)}`),
  "record.exported": ({ items, whole, asked }) => joined(said(items), said(items) === "1" ? "entry" : "entries", whole === false ? "(broken off)" : "", after("of", sayAsked(asked))),
  "data.erased": ({ first, last, reason }) => joined(first === last ? `data of #${said(first)}` : `data of #${said(first)} to #${said(last)}`, after("because", reason)),
};

/** What the console did, in a line; empty for what this page does not know. The principal is told beside it. */
export function sayOwn(entry: Entry, data: unknown): string {
  const { type } = entry.event;
  if (!isOwn(entry) || !isData(data) || typeof type !== "string" || !Object.hasOwn(SAY, type)) return "";
  return SAY[type]?.(data) ?? "";
}
