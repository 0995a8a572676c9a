/** What this browser remembers of the console's log, so that a later one can be held against it. */

export type Alarm = "key" | "signature" | "split" | "shorter";

export interface Alarmed {
  readonly why: Alarm;
  /** The checkpoint that does not fit. */
  readonly note: string;
  /** The key that the console names now. */
  readonly key: string;
  /** This browser's clock. */
  readonly at: number;
}

export interface Kept {
  /** The verifier key, pinned when this browser first saw a checkpoint here. */
  readonly key: string;
  /** Since when, by this browser's clock. */
  readonly since: number;
  /** The largest checkpoint that was found to be signed and to extend every one before it. */
  readonly note: string;
  /** When this browser first saw that one. */
  readonly at: number;
  /** Once set, nothing here changes until a person has read it. */
  readonly alarm: Alarmed | null;
}

const ALARMS: readonly Alarm[] = ["key", "signature", "split", "shorter"];
const isFields = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;

function parseAlarm(value: unknown): Alarmed | null {
  if (!isFields(value)) return null;
  const why = ALARMS.find((known) => known === value.why);
  const { note, key, at } = value;
  return why !== undefined && typeof note === "string" && typeof key === "string" && typeof at === "number" ? { why, note, key, at } : null;
}

/** Null where nothing is kept, or what is kept is not ours. */
export function parseKept(stored: string | null): Kept | null {
  let value: unknown;
  try {
    value = JSON.parse(stored ?? "null");
  } catch {
    return null;
  }
  if (!isFields(value)) return null;
  const { key, since, note, at } = value;
  if (typeof key !== "string" || typeof since !== "number" || typeof note !== "string" || typeof at !== "number") return null;
  return { key, since, note, at, alarm: parseAlarm(value.alarm) };
}

/** How many entries a note speaks of, without checking anything; null where it is no checkpoint. */
export function sizeOf(note: string | null): number | null {
  const line = note?.split("\n")[1] ?? "";
  return /^\d{1,15}$/.test(line) ? Number(line) : null;
}
