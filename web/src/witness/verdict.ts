import type { Alarmed, Kept } from "../proof/keeping.ts";

/** What this browser itself found out about a checkpoint. */
export type Verdict =
  /** Nothing is signed so far, or it is still being checked. */
  | { readonly status: "waiting" }
  /** Signed by the key that was pinned, and extending every checkpoint that this browser saw before. */
  | { readonly status: "verified"; readonly size: number; readonly root: string; readonly key: string; readonly note: string; readonly kept: Kept }
  /** This browser has not what it takes; nothing is known. */
  | { readonly status: "cannot"; readonly why: string }
  /** What is needed did not come; tried again with the next heartbeat. */
  | { readonly status: "failed"; readonly error: unknown }
  /** `kept`: what it disagrees with; null where nothing was kept yet. */
  | { readonly status: "alarm"; readonly alarm: Alarmed; readonly kept: Kept | null };

/** `name+id` of a verifier key: enough to compare with one written down. */
export const keyName = (key: string): string => key.split("+").slice(0, 2).join("+");
