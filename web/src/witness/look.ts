import { ApiError } from "../api/errors.ts";
import { getConsistency, getVerifierKey } from "../api/log.ts";
import { CannotCheck, toBase64 } from "../proof/bytes.ts";
import { judge, type LogDoor } from "../proof/judge.ts";
import type { Kept } from "../proof/keeping.ts";
import type { Verdict } from "./verdict.ts";

/** That the console has not signed so many entries. */
const NOT_SIGNED = 422;

function door(signal: AbortSignal): LogDoor {
  return {
    key: () => getVerifierKey(signal),
    consistency: async (from, to) => {
      try {
        return await getConsistency(from, to, signal);
      } catch (error) {
        if (error instanceof ApiError && error.status === NOT_SIGNED) return null;
        throw error;
      }
    },
  };
}

/** Checks a note against what was kept, asking the console for what that takes. Not for the first paint. */
export async function look(note: string, kept: Kept | null, signal: AbortSignal): Promise<Verdict> {
  const now = Date.now();
  try {
    const found = await judge(note, kept, door(signal), now);
    if (found.outcome === "alarm") return { status: "alarm", alarm: { why: found.why, note, key: found.key, at: now }, kept };
    const { size, root } = found.checkpoint;
    return { status: "verified", size, root: toBase64(root), key: found.kept.key, note, kept: found.kept };
  } catch (error) {
    return error instanceof CannotCheck ? { status: "cannot", why: error.message } : { status: "failed", error };
  }
}
