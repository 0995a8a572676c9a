import { readPreference, writePreference } from "../ui/preference.ts";

const KEY = "last-looked";

/** Where someone last looked at the live list: everything from `seq` on is new to them. */
export interface Mark {
  readonly epoch: string;
  readonly seq: number;
  readonly at: number;
}

export function readMark(): Mark | null {
  try {
    const value: unknown = JSON.parse(readPreference(KEY) ?? "null");
    if (typeof value !== "object" || value === null) return null;
    const { epoch, seq, at } = value as Partial<Mark>;
    return typeof epoch === "string" && typeof seq === "number" && typeof at === "number" ? { epoch, seq, at } : null;
  } catch {
    return null;
  }
}

export function writeMark(mark: Mark): void {
  writePreference(KEY, JSON.stringify(mark));
}
