/** What the console says over HTTP and on the stream, as this frontend believes it after parsing. */

export const CATEGORIES = [
  "audit", "hitl", "policy", "tool", "model", "task", "drift", "optimize", "retrain", "health", "alert", "other",
] as const;
export type Category = (typeof CATEGORIES)[number];

/** Mildest first: the index is the rank. */
export const SEVERITIES = ["debug", "info", "notice", "warning", "error", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

export const rank = (severity: Severity): number => SEVERITIES.indexOf(severity);
export const isProblem = (severity: Severity): boolean => severity === "error" || severity === "critical";

export interface Entry {
  readonly seq: number;
  readonly recorded: string;
  readonly principal: string;
  readonly category: Category;
  readonly severity: Severity;
  /** CloudEvents attributes, never the data. */
  readonly event: Readonly<Record<string, unknown>>;
  readonly data_hash?: string;
}

/** An entry as it is shown: with its data when the console still has it. */
export interface Item {
  readonly entry: Entry;
  readonly data?: unknown;
  readonly data_base64?: string;
  readonly erased?: Erased;
  readonly salt?: string;
}

/** Whose decision it was that the data is gone, when and why. What is not told is empty. */
export interface Erased {
  readonly by: string;
  readonly at: string;
  readonly reason: string;
}

export interface EventsPage {
  readonly epoch: string;
  readonly size: number;
  readonly items: readonly Item[];
  readonly next: number | null;
}

/** Someone who was heard at least once. */
export interface Source {
  readonly source: string;
  /** Ever. */
  readonly events: number;
  /** The last one's. */
  readonly entry: Entry;
  readonly hour: { readonly events: number; readonly errors: number };
  readonly silentSec: number;
  /** What nine of ten of its silences stay within; null where it has no rhythm yet. */
  readonly usualGapSec: number | null;
  /** Silent for much longer than it usually is. */
  readonly quiet: boolean;
}

export interface Sources {
  /** The console's clock, in ms, when it told this. */
  readonly time: number;
  readonly sources: readonly Source[];
}

export interface Session {
  readonly principal: string | null;
  readonly role: string | null;
  /** The ways to sign in that this console offers; none: it is open, on loopback only. */
  readonly signin: readonly string[];
  /** Where one signs in with an account, and what that is called; null where it is not offered. */
  readonly provider: { readonly name: string; readonly url: string } | null;
  readonly expires: string | null;
  readonly version: string;
}

/** A browser that is signed in as whoever asks. Times are RFC 3339. */
export interface OpenSession {
  readonly id: string;
  readonly began: string;
  readonly seen: string;
  readonly expires: string;
  /** "Firefox on Linux", as it says of itself; whoever sends it may say anything. */
  readonly browser: string;
  readonly current: boolean;
}

export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors: readonly { readonly item?: number; readonly pointer?: string; readonly detail: string }[];
  readonly request_id: string | null;
  /** How long to wait before asking again, in seconds; null where the console does not say. */
  readonly retryAfterSec: number | null;
}
