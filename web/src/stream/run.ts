import { readPreference, writePreference } from "../ui/preference.ts";

const KEY = "unbroken";

/** What this browser saw of a record without a gap: every entry from `seq` up to, not with, `next`. */
export interface Run {
  readonly epoch: string;
  readonly seq: number;
  /** When `seq` was seen. */
  readonly at: number;
  readonly next: number;
}

export function readRun(): Run | null {
  try {
    const value: unknown = JSON.parse(readPreference(KEY) ?? "null");
    if (typeof value !== "object" || value === null) return null;
    const { epoch, seq, at, next } = value as Partial<Run>;
    const numbers = [seq, at, next].every((each) => Number.isSafeInteger(each));
    return typeof epoch === "string" && numbers ? (value as Run) : null;
  } catch {
    return null;
  }
}

/** Joined to what is kept already, perhaps by another tab, where they meet. */
export function keepRun(run: Run): void {
  const kept = readRun();
  const meets = kept !== null && kept.epoch === run.epoch && kept.seq <= run.seq && kept.next >= run.seq;
  const joined = meets ? { ...kept, next: Math.max(kept.next, run.next) } : run;
  writePreference(KEY, JSON.stringify(joined));
}

export function forgetRun(): void {
  writePreference(KEY, null);
}
