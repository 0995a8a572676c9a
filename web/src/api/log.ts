import { fromBase64, NotInFormat, type Bytes } from "../proof/bytes.ts";
import { call, READ_TIMEOUT_MS, read } from "./client.ts";
import { isFields, text } from "./items.ts";

/** What proves the record: its key, its proofs, its exact bytes. */

function parseKey(value: unknown): string | null {
  return isFields(value) && text(value.verifier_key) !== "" ? text(value.verifier_key) : null;
}

/** The key that the console says its checkpoints are signed with. */
export async function getVerifierKey(signal: AbortSignal): Promise<string> {
  return read(await call("/api/log", {}, READ_TIMEOUT_MS, signal), parseKey);
}

function parseHashes(value: unknown): readonly Bytes[] | null {
  if (!isFields(value) || !Array.isArray(value.hashes)) return null;
  try {
    return value.hashes.map((hash: unknown) => fromBase64(text(hash)));
  } catch (error) {
    if (error instanceof NotInFormat) return null;
    throw error;
  }
}

/** What should prove that the log of `to` entries begins with that of `from`. */
export async function getConsistency(from: number, to: number, signal: AbortSignal): Promise<readonly Bytes[]> {
  return read(await call(`/api/log/consistency?from=${from}&to=${to}`, {}, READ_TIMEOUT_MS, signal), parseHashes);
}

export const proofAddress = (seq: number): string => `/api/events/${seq}/proof`;
export const entryAddress = (seq: number): string => `/api/events/${seq}/entry`;

export async function getProof(seq: number, signal: AbortSignal): Promise<string> {
  return (await call(proofAddress(seq), {}, READ_TIMEOUT_MS, signal)).text();
}

/** The entry's exact bytes: what is hashed. */
export async function getEntry(seq: number, signal: AbortSignal): Promise<Bytes> {
  return new Uint8Array(await (await call(entryAddress(seq), {}, READ_TIMEOUT_MS, signal)).arrayBuffer());
}
