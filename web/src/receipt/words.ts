import { words } from "../api/errors.ts";
import { visible } from "../format/visible.ts";
import { plural } from "../format/number.ts";
import type { Alarm } from "../proof/keeping.ts";
import type { Outcome } from "./check.ts";

export interface Said {
  readonly tone: "good" | "busy" | "unknown" | "bad";
  readonly what: string;
  readonly more: string;
}

const DATA = {
  data: "The data is what was recorded with it.",
  none: "It was recorded without data.",
  erased: "Its data is gone. Who erased it, when and why is what the console says, and is not proved here: an erasure is an entry data.erased, with a proof of its own.",
} as const;

const ALARM: Readonly<Record<Alarm, string>> = {
  split: "The record that it is in does not continue the one that this browser saw before: the Dashboard tells more.",
  shorter: "The record that it is in is shorter than the one that this browser saw before: the Dashboard tells more.",
  key: "The record that it is in is signed by another key than this browser saw before: the Dashboard tells more.",
  signature: "A checkpoint that the console shows as proof is not truly signed. Do not rely on this entry.",
};

/** What this browser found out about an entry. Only "good" says that it is proved. */
export function sayReceipt(outcome: Outcome): Said {
  switch (outcome.status) {
    case "proved":
      return {
        tone: "good",
        what: `${outcome.proof.data === "erased" ? "Proved by this browser, without its data" : "Proved by this browser"}: entry, path and signature agree with the checkpoint of ${plural(outcome.proof.size, "entry", "entries")}.`,
        more: DATA[outcome.proof.data],
      };
    case "checking":
      return { tone: "busy", what: "Being checked by this browser…", more: "" };
    case "not signed":
      return { tone: "busy", what: "Not signed yet.", more: "The console signs every few seconds; this is looked at again by itself." };
    case "signing refused":
      return { tone: "unknown", what: "Not signed: the console refuses to sign.", more: `Neither proved nor disproved, until whoever runs it has put that right. It says: ${visible(outcome.why)}` };
    case "cannot":
      return { tone: "unknown", what: "This browser could not check.", more: `Neither proved nor disproved: ${outcome.why}. The files can be checked elsewhere.` };
    case "failed":
      return { tone: "unknown", what: "Not checked.", more: words(outcome.error).what };
    case "refuted":
      return { tone: "bad", what: "Not proved.", more: `This browser checked, and it does not hold: ${outcome.why}. Do not rely on this entry.` };
    case "alarm":
      return { tone: "bad", what: "Not proved.", more: ALARM[outcome.why] };
  }
}

/** "7b1c…": bytes as sha256sum prints them. */
export const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** As the console itself names them. */
export const fileName = (seq: number, kind: "json" | "tlog-proof"): string => `entry-${seq}.${kind}`;
export const ofEntries = (size: number): string => plural(size, "entry", "entries");
