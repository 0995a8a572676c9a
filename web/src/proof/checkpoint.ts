/** Checkpoints (c2sp.org/tlog-checkpoint) and proof files (c2sp.org/tlog-proof). */

import { fromBase64, NotInFormat, toNumber, type Bytes } from "./bytes.ts";
import { leafHash, verifyInclusion } from "./merkle.ts";
import { parseNote, standing, type Standing, type VerifierKey } from "./note.ts";

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Bytes;
}

/** `path` has the leaf's sibling first; `checkpoint` is the note, not yet checked. */
export interface ProofFile {
  readonly index: number;
  readonly path: readonly Bytes[];
  readonly checkpoint: string;
}

const MAX_HASHES = 63;

function toHash(line: string): Bytes {
  const hash = fromBase64(line);
  if (hash.length !== 32) throw new NotInFormat("a hash has 32 bytes");
  return hash;
}

/** Takes the text of a note; throws NotInFormat. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split("\n");
  const [origin, size, root] = lines;
  if (lines.length < 4 || lines.pop() !== "" || lines.includes("") || origin === undefined || size === undefined || root === undefined) {
    throw new NotInFormat("a checkpoint is three or more lines, none of them empty");
  }
  return { origin, size: toNumber(size), root: toHash(root) };
}

/** Throws NotInFormat. */
export function parseProofFile(content: string): ProofFile {
  const end = content.indexOf("\n\n");
  const [first, ...lines] = content.slice(0, Math.max(end, 0)).split("\n");
  const checkpoint = content.slice(end + 2);
  if (end < 0 || first !== "c2sp.org/tlog-proof@v1" || checkpoint === "") throw new NotInFormat("this is not a proof file");
  const extra = lines[0]?.startsWith("extra ") ? lines.shift() : undefined;
  if (extra !== undefined) fromBase64(extra.slice("extra ".length));
  const index = lines.shift();
  if (index === undefined || !index.startsWith("index ") || lines.length > MAX_HASHES) throw new NotInFormat("this is not a proof file");
  return { index: toNumber(index.slice("index ".length)), path: lines.map(toHash), checkpoint };
}

/** What a proof file proves of an entry: it is in the log of this origin, at `index`, when the log had `size` entries. */
export type Proved =
  | { readonly outcome: "proved"; readonly index: number; readonly checkpoint: Checkpoint }
  | { readonly outcome: "not in format" | "another log" | "not included" | Exclude<Standing, "signed"> };

/**
 * Checks entry, path and signature. `entry` are the exact bytes as they were received, never re-encoded.
 * Throws CannotCheck where this browser cannot: then nothing is known.
 */
export async function checkProof(entry: Uint8Array, file: string, origin: string, keys: readonly VerifierKey[]): Promise<Proved> {
  let proof: ProofFile, checkpoint: Checkpoint, stands: Standing;
  try {
    proof = parseProofFile(file);
    const note = parseNote(proof.checkpoint);
    checkpoint = parseCheckpoint(note.text);
    stands = await standing(note, keys);
  } catch (error) {
    if (error instanceof NotInFormat) return { outcome: "not in format" };
    throw error;
  }
  if (stands !== "signed") return { outcome: stands };
  if (checkpoint.origin !== origin) return { outcome: "another log" };
  const isIncluded = await verifyInclusion(await leafHash(entry), proof.index, checkpoint.size, proof.path, checkpoint.root);
  return isIncluded ? { outcome: "proved", index: proof.index, checkpoint } : { outcome: "not included" };
}
