import { ApiError } from "../api/errors.ts";
import { getEntry, getProof } from "../api/log.ts";
import { isFields } from "../api/items.ts";
import { CannotCheck, NotInFormat, toBase64, type Bytes } from "../proof/bytes.ts";
import { checkProof, parseProofFile, type Proved } from "../proof/checkpoint.ts";
import type { Alarm } from "../proof/keeping.ts";
import { leafHash } from "../proof/merkle.ts";
import { parseVerifierKey } from "../proof/note.ts";
import type { Verdict } from "../witness/verdict.ts";
import { beside, dataHash, type Beside } from "./exact.ts";

export interface Proof {
  readonly size: number;
  /** Base64, as the checkpoint has it. */
  readonly root: string;
  readonly leaf: Bytes;
  readonly path: readonly Bytes[];
  readonly key: string;
  /** When this browser first saw that key. */
  readonly since: number;
  /** The proof file, as it came. */
  readonly file: string;
  readonly data: Beside["kind"];
  /** This browser's clock. */
  readonly at: number;
}

export type Outcome =
  | { readonly status: "checking" }
  | { readonly status: "not signed" }
  /** Nor will it be by itself: `why` the console does not sign. */
  | { readonly status: "signing refused"; readonly why: string }
  | { readonly status: "proved"; readonly proof: Proof }
  /** It was checked, and does not hold. */
  | { readonly status: "refuted"; readonly why: string }
  | { readonly status: "cannot"; readonly why: string }
  | { readonly status: "failed"; readonly error: unknown }
  /** A checkpoint is not truly signed, or does not fit what this browser kept. */
  | { readonly status: "alarm"; readonly why: Alarm };

const REFUTED: Readonly<Record<Exclude<Proved["outcome"], "proved">, string>> = {
  "not in format": "what the console sent as a proof is none",
  "another log": "the proof is of another log",
  "not included": "the entry is not the one that was signed at this place",
  unsigned: "the checkpoint of the proof is not signed",
  "other key": "the checkpoint of the proof is signed by another key",
  false: "the signature under the checkpoint of the proof is false",
};

/** What does not agree between the shown item and the entry that was proved; null where all agrees. */
async function difference(seq: number, item: string, entry: Bytes): Promise<string | Beside> {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(entry);
  const fields: unknown = JSON.parse(text);
  const found = beside(item, text);
  if (found === null || !isFields(fields) || fields.seq !== seq) return "the entry that is shown is not the one that was signed";
  if (found.kind === "none" && fields.data_hash !== undefined) return "the data that was recorded with the entry is missing";
  if (found.kind === "data" && (await dataHash(found.salt, found.data)) !== fields.data_hash) return "the data that is shown is not what was recorded with the entry";
  return found;
}

type Consider = (note: string) => Promise<Verdict>;

/**
 * Proves an entry in this browser: its exact bytes are in the tree that the checkpoint signs, the checkpoint continues
 * all that was seen before (`consider`), and what is shown (`item`, as it came) is of these bytes.
 */
export async function check(seq: number, item: string, consider: Consider, signal: AbortSignal): Promise<Outcome> {
  try {
    const [file, entry] = await Promise.all([getProof(seq, signal), getEntry(seq, signal)]);
    const { checkpoint: note, index, path } = parseProofFile(file);
    const verdict = await consider(note);
    if (verdict.status === "alarm") return { status: "alarm", why: verdict.alarm.why };
    if (verdict.status !== "verified") return verdict.status === "waiting" ? { status: "checking" } : verdict;
    const key = await parseVerifierKey(verdict.key);
    const proved = await checkProof(entry, file, key.name, [key]);
    if (proved.outcome !== "proved") return { status: "refuted", why: REFUTED[proved.outcome] };
    if (index !== seq) return { status: "refuted", why: REFUTED["not included"] };
    const found = await difference(seq, item, entry);
    if (typeof found === "string") return { status: "refuted", why: found };
    const { size, root } = proved.checkpoint;
    return { status: "proved", proof: { size, root: toBase64(root), leaf: await leafHash(entry), path, key: verdict.key, since: verdict.kept.since, file, data: found.kind, at: Date.now() } };
  } catch (error) {
    if (error instanceof CannotCheck) return { status: "cannot", why: error.message };
    if (error instanceof NotInFormat) return { status: "refuted", why: REFUTED["not in format"] };
    if (error instanceof ApiError && error.status === 409) return { status: "not signed" };
    return { status: "failed", error };
  }
}
