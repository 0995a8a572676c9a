import { span } from "../format/time.ts";
import { visible } from "../format/visible.ts";
import type { Problem } from "./types.ts";

/** `unreachable`: no answer. `refused`: a problem document. `unreadable`: an answer that is not what was asked for. */
export type Failure = "unreachable" | "timeout" | "refused" | "unreadable";

export class ApiError extends Error {
  readonly failure: Failure;
  readonly problem: Problem | null;

  constructor(failure: Failure, problem: Problem | null, cause?: unknown) {
    super(problem ? `${problem.status} ${problem.title}` : failure, { cause });
    this.failure = failure;
    this.problem = problem;
  }

  get status(): number | null {
    return this.problem?.status ?? null;
  }
}

/** RFC 9110, 10.2.3: so many seconds, or a date. */
function retryAfter(header: string | null): number | null {
  if (header === null) return null;
  const seconds = /^\d{1,9}$/.test(header.trim()) ? Number(header) : Math.ceil((Date.parse(header) - Date.now()) / 1000);
  return seconds > 0 ? seconds : null;
}

/** Never throws: a proxy in between may answer with anything. */
export async function parseProblem(response: Response): Promise<Problem> {
  let fields: Record<string, unknown> = {};
  try {
    const value: unknown = await response.json();
    if (typeof value === "object" && value !== null) fields = { ...value };
  } catch {
    // Not a problem document; the status alone has to do.
  }
  const text = (name: string): string => (typeof fields[name] === "string" ? fields[name] : "");
  const errors = Array.isArray(fields.errors) ? fields.errors : [];
  return {
    title: text("title") || response.statusText,
    status: response.status,
    detail: text("detail"),
    errors: errors.flatMap((error: unknown) => {
      if (typeof error !== "object" || error === null || !("detail" in error) || typeof error.detail !== "string") return [];
      return [{
        detail: error.detail,
        ...("pointer" in error && typeof error.pointer === "string" && { pointer: error.pointer }),
        ...("item" in error && typeof error.item === "number" && { item: error.item }),
      }];
    }),
    request_id: text("request_id") || null,
    retryAfterSec: retryAfter(response.headers.get("Retry-After")),
  };
}

export interface Words {
  /** What failed. */
  readonly what: string;
  /** What to do about it. */
  readonly next: string;
  /** What the console itself said, where it adds something; untrusted text. */
  readonly said: string;
  readonly requestId: string | null;
}

const BY_STATUS: Readonly<Record<number, readonly [what: string, next: string]>> = {
  400: ["The console could not read the request.", "Reload the page; if it happens again, this page and the console are of different versions."],
  401: ["You are signed out.", "Sign in again."],
  403: ["You may not do this.", "Sign in as someone who may, or ask the operator."],
  404: ["The console has no such thing.", "It may be older than this page: reload."],
  413: ["That is too long.", "Shorten it and send again."],
  422: ["The console did not accept it.", "Change it and send again."],
  429: ["Too many attempts.", "Wait, then try again."],
  503: ["The record cannot be written, so there is no answer.", "Free disk space on the console's host or read its log, then send again."],
};

/** The one place that turns errors into words. */
export function words(error: unknown): Words {
  if (!(error instanceof ApiError)) return { what: "Something in this page failed.", next: "Reload the page.", said: String(error), requestId: null };
  if (error.failure === "timeout") return { what: "The console did not answer in time.", next: "Send again.", said: "", requestId: null };
  if (error.failure === "unreadable") return { what: "The answer could not be read.", next: "Reload the page; something between this browser and the console may have replaced it.", said: "", requestId: null };
  const { problem } = error;
  if (!problem) return { what: "The console does not answer.", next: "Check that it is running and that this browser can reach it.", said: "", requestId: null };
  const [what, next] = BY_STATUS[problem.status] ?? [`The console failed (${problem.status}).`, "Try again; its log names the request."];
  // Who one is, and what one lacks.
  const denied = problem.status === 403 && problem.detail !== "";
  const said = [denied ? "" : problem.detail, ...problem.errors.map((each) => `${each.pointer ?? ""} ${each.detail}`.trim())].filter(Boolean).join(" · ");
  return { what: denied ? `You may not do this: ${visible(problem.detail)}.` : what, next: problem.status === 429 ? sayWait(problem.retryAfterSec) : next, said, requestId: problem.request_id };
}

/** How long to wait. */
const sayWait = (seconds: number | null): string => (seconds === null ? "Wait a minute, then try again." : `Wait ${span(seconds * 1000)}, then try again.`);
