import { isWhole, type Seam } from "../stream/seams.ts";
import type { Verdict } from "../witness/verdict.ts";

/**
 * Whether a checkpoint that this browser kept from before the loss is continued by a signed one over all that was
 * recovered: the history before and after is one, also where nobody watched.
 */
export function isProved(seam: Seam, verdict: Verdict): boolean {
  if (seam.kind !== "reconnected" || !isWhole(seam) || seam.missing > 0 || verdict.status !== "verified") return false;
  return verdict.kept.since <= seam.lostAt && verdict.size >= seam.target;
}
