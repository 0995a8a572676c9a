import type { Erased, Item } from "../api/types.ts";
import { sayOwn } from "./own.ts";

/** Longest line of "what"; the whole is one step away in the row's JSON. */
const LONGEST = 240;
const MOST_PARTS = 6;

/** Keys whose value speaks for itself, the most telling first. */
const TELLING = [
  "error", "err", "exception", "message", "msg", "summary", "title", "reason", "query", "question", "prompt",
  "tool", "service", "task", "command", "name", "id", "model", "action", "path", "url", "text",
];
/** How it went: last of what speaks for itself. */
const OUTCOME = ["status", "state", "outcome", "decision", "result", "verdict"];
/** Shown elsewhere, or for machines. */
const SILENT = new Set(["ts", "time", "timestamp", "trace_id", "traceid", "span_id", "salt", "version"]);

type Scalar = string | number | boolean;

interface Field {
  readonly key: string;
  readonly value: Scalar;
}

const isScalar = (value: unknown): value is Scalar =>
  (typeof value === "string" && value.trim() !== "") || typeof value === "number" || typeof value === "boolean";

const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Scalar fields of the object and of the objects in it, outer ones first. */
function fieldsOf(data: Record<string, unknown>): Field[] {
  const outer: Field[] = [];
  const inner: Field[] = [];
  for (const [key, value] of Object.entries(data)) {
    if (isScalar(value)) outer.push({ key, value });
    else if (isFields(value)) {
      for (const [name, nested] of Object.entries(value)) {
        // {"error": {"message": "…"}}: the message is the error.
        if (isScalar(nested)) inner.push({ key: TELLING.indexOf(key) === 0 && name === "message" ? key : name, value: nested });
      }
    }
  }
  return [...outer, ...inner].filter((field) => !SILENT.has(field.key.toLowerCase()));
}

function weight(key: string): number {
  const lower = key.toLowerCase();
  const telling = TELLING.indexOf(lower);
  if (telling >= 0) return telling;
  const outcome = OUTCOME.indexOf(lower);
  return outcome >= 0 ? TELLING.length + outcome : TELLING.length + OUTCOME.length;
}

function sayFields(fields: readonly Field[]): string {
  const ordered = fields.map((field, i) => ({ field, i })).sort((a, b) => weight(a.field.key) - weight(b.field.key) || a.i - b.i);
  let out = "";
  for (const { field } of ordered.slice(0, MOST_PARTS)) {
    const speaks = weight(field.key) < TELLING.length + OUTCOME.length;
    if (typeof field.value === "boolean") out += `${out && " "}${field.key}:${String(field.value)}`;
    else out += `${out && " · "}${speaks ? "" : `${field.key} `}${String(field.value)}`;
  }
  return out;
}

function say(data: unknown): string {
  if (isScalar(data)) return String(data);
  if (Array.isArray(data)) {
    const scalars = data.filter(isScalar).slice(0, MOST_PARTS).map(String);
    return scalars.length > 0 ? scalars.join(" · ") : `${data.length} ${data.length === 1 ? "item" : "items"}`;
  }
  if (!isFields(data)) return "";
  const fields = fieldsOf(data);
  return fields.length > 0 ? sayFields(fields) : Object.keys(data).slice(0, MOST_PARTS).join(" · ");
}

const cut = (line: string): string => (line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line);

/** One line on what an event was about, from its data. Still to be made visible: the text is the sender's. */
export function what(item: Item): string {
  if (item.erased !== undefined) return cut(sayErased(item.erased));
  if (item.data_base64 !== undefined) return `${Math.floor((item.data_base64.length * 3) / 4).toLocaleString("en")} bytes`;
  const subject = item.entry.event.subject;
  const line = sayOwn(item.entry, item.data) || say(item.data) || (typeof subject === "string" ? subject : "");
  return cut(line);
}

/** "data erased by ada@example.com at 2026-11-22 10:42 UTC because a key leaked". */
function sayErased({ by, at, reason }: Erased): string {
  const ms = Date.parse(at);
  const when = Number.isNaN(ms) ? "" : ` at ${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  return `data erased${by && ` by ${by}`}${when}${reason && ` because ${reason}`}`;
}
