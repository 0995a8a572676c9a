import { words } from "../api/errors.ts";
import { count, plural } from "../format/number.ts";
import { span, stamp } from "../format/time.ts";
import { visible } from "../format/visible.ts";
import { sizeOf, type Alarmed, type Kept } from "../proof/keeping.ts";
import { keyName, type Verdict } from "./verdict.ts";

export interface AlarmWords {
  readonly what: string;
  readonly why: string;
  readonly todo: string;
}

const entries = (note: string): string => plural(sizeOf(note) ?? 0, "entry", "entries");

/** An alarm in plain language: what was found, what that means, what to do. */
export function sayAlarm(alarm: Alarmed, kept: Kept | null, now: number): AlarmWords {
  const before = kept === null ? "" : `On ${stamp(kept.at, "local", now)} this browser saw a checkpoint of ${entries(kept.note)}`;
  const todo = "Do not rely on this record until whoever runs the console has explained it, by another way than this page.";
  switch (alarm.why) {
    case "split":
      return {
        what: "The record is not the one that was signed before.",
        why: `${before}; the one of ${entries(alarm.note)} that the console shows now does not continue it. Entries were altered, taken out or put in.`,
        todo,
      };
    case "shorter":
      return {
        what: "The record is shorter than what was signed before.",
        why: `${before}; now the console says that it has signed ${entries(alarm.note)}. It was set back, or entries were cut off.`,
        todo,
      };
    case "key":
      return {
        what: "The console signs with another key than before.",
        why: `Until now it was ${kept === null ? "another" : keyName(kept.key)}, and now it is ${keyName(alarm.key)}. The key was changed, a new log was begun, or another log was put in its place.`,
        todo: `${todo} If the key was changed on purpose, compare ${keyName(alarm.key)} with what they say.`,
      };
    case "signature":
      return {
        what: "The console’s checkpoint is not truly signed.",
        why: `It does not bear the signature of the key ${keyName(alarm.key)}.`,
        todo,
      };
  }
}

export interface Facts {
  readonly verdict: Verdict;
  /** The newest note that the console showed. */
  readonly note: string | null;
  readonly kept: Kept | null;
  readonly refused: string | null;
  readonly size: number;
  readonly now: number;
}

/** What it means that nothing is signed any more, in plain language; the console says why. */
export const sayRefusal = (refused: string): AlarmWords => ({
  what: "Nothing is signed: the console refuses to sign.",
  why: `It says: ${visible(refused)}`,
  todo: "Events are recorded all the same, but nothing proves what was recorded since. It goes on when whoever runs the console has put that right.",
});

/** What is known of the head checkpoint, a sentence each. */
export function sayCheckpoint({ verdict, note, kept, refused, size, now }: Facts): readonly string[] {
  const said: string[] = [];
  const signed = sizeOf(note);
  if (refused !== null) said.push(`The console refuses to sign: ${visible(refused)}`);
  if (signed === null) {
    if (kept === null) said.push(refused !== null ? "It shows no checkpoint." : size === 0 ? "Nothing is recorded, and nothing signed, yet." : "Nothing is signed yet.");
    else said.push(`The console shows no checkpoint, though this browser saw one of ${entries(kept.note)} on ${stamp(kept.at, "local", now)}.`);
    return said;
  }
  const age = kept !== null && kept.note === note ? `, first seen here ${span(now - kept.at)} ago` : "";
  said.push(`Checkpoint of ${plural(signed, "entry", "entries")}${age}.`);
  if (size > signed) said.push(`${plural(size - signed, "newer entry is", "newer entries are")} not signed${refused === null ? " yet" : ""}.`);
  switch (verdict.status) {
    case "verified":
      said.push(`Verified by this browser: it is signed, and continues all that this browser saw since ${stamp(verdict.kept.since, "local", now)}.`);
      break;
    case "cannot":
      said.push(`Not checked: ${verdict.why}.`);
      break;
    case "failed":
      said.push(`Not checked: ${words(verdict.error).what} It is tried again with the next heartbeat.`);
      break;
    case "waiting":
      said.push("Being checked…");
      break;
    case "alarm":
      said.push("It was not accepted: see the alarm.");
  }
  return said;
}

/** Both notes as they were signed: whoever has the key can be asked about them. */
export function evidence(alarm: Alarmed, kept: Kept | null): string {
  const part = (name: string, key: string, at: number, note: string): string => `${name}, seen ${new Date(at).toISOString()}, key ${key}:\n\n${note}\n`;
  return (kept === null ? "" : part("Kept", kept.key, kept.at, kept.note)) + part("Shown", alarm.key, alarm.at, alarm.note);
}

/** For the status line's hover. */
export function sayVerified(verdict: Verdict & { readonly status: "verified" }, now: number): string {
  return `This browser checked the signature under ${count(verdict.size)} entries, and that they continue every checkpoint it saw since ${stamp(verdict.kept.since, "local", now)}.`;
}
