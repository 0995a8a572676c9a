import type { Bytes } from "./bytes.ts";
import { NotInFormat } from "./bytes.ts";
import { parseCheckpoint, type Checkpoint } from "./checkpoint.ts";
import type { Alarm, Kept } from "./keeping.ts";
import { verifyConsistency } from "./merkle.ts";
import { parseNote, parseVerifierKey, standing, type VerifierKey } from "./note.ts";

/** The console as it answers for its log. */
export interface LogDoor {
  key(): Promise<string>;
  /** Null where the console says that it has not signed that many entries. */
  consistency(from: number, to: number): Promise<readonly Bytes[] | null>;
}

export type Judgement =
  /** `kept` is what to remember from now on; `checkpoint` is what the note says. */
  | { readonly outcome: "verified"; readonly kept: Kept; readonly checkpoint: Checkpoint; readonly key: VerifierKey }
  /** `key` is the one that the console names, where that was asked. */
  | { readonly outcome: "alarm"; readonly why: Alarm; readonly key: string };

/**
 * Holds a checkpoint against what this browser kept: signed by the same key, and of the same history. With nothing
 * kept, the console's own key is taken. Throws CannotCheck, and what `door` throws: then nothing is known.
 */
export async function judge(note: string, kept: Kept | null, door: LogDoor, now: number): Promise<Judgement> {
  const keyText = kept?.key ?? (await door.key());
  let key: VerifierKey, checkpoint: Checkpoint;
  try {
    key = await parseVerifierKey(keyText);
    const parsed = parseNote(note);
    const stands = await standing(parsed, [key]);
    if (stands === "other key" && kept !== null) return { outcome: "alarm", why: "key", key: await door.key() };
    checkpoint = parseCheckpoint(parsed.text);
    if (stands !== "signed" || checkpoint.origin !== key.name) return { outcome: "alarm", why: "signature", key: keyText };
  } catch (error) {
    if (error instanceof NotInFormat) return { outcome: "alarm", why: "signature", key: keyText };
    throw error;
  }
  if (kept === null) return { outcome: "verified", kept: { key: keyText, since: now, note, at: now, alarm: null }, checkpoint, key };
  const before = parseCheckpoint(parseNote(kept.note).text);
  const why = await disagreement(before, checkpoint, door);
  if (why !== null) return { outcome: "alarm", why, key: keyText };
  // Another tab may have kept a larger one meanwhile.
  return { outcome: "verified", kept: checkpoint.size > before.size ? { ...kept, note, at: now } : kept, checkpoint, key };
}

async function disagreement(before: Checkpoint, now: Checkpoint, door: LogDoor): Promise<Alarm | null> {
  const [smaller, larger] = before.size <= now.size ? [before, now] : [now, before];
  const path = smaller.size === larger.size ? [] : await door.consistency(smaller.size, larger.size);
  if (path === null) return "shorter";
  return (await verifyConsistency(smaller.size, larger.size, path, smaller.root, larger.root)) ? null : "split";
}
