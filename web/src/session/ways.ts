import { ApiError, words } from "../api/errors.ts";
import { clock, span } from "../format/time.ts";

/** An address of this console and of no other, as an address bar has it: one slash, and printable ASCII without a backslash. */
const OWN = /^\/(?![/\\])[!-[\]-~]*$/;
/** No page, or not one to come back to. */
const ELSEWHERE = /^\/(?:api|auth|sign-in)(?:[/?#]|$)/i;
/** The console takes no longer one. */
const LONGEST = 2000;

/** Where one was going, if that is a page of this console; else its first page. */
export function safeNext(next: string | null): string {
  const address = next?.replaceAll("\\", "%5C") ?? "";
  return OWN.test(address) && !ELSEWHERE.test(address) && address.length <= LONGEST ? address : "/";
}

/** Where signing in at the provider begins, and comes back from to where one is going. */
export function providerAddress(url: string, { pathname, search }: { readonly pathname: string; readonly search: string }): string {
  const next = pathname === "/sign-in" ? safeNext(new URLSearchParams(search).get("next")) : safeNext(pathname + search);
  return next === "/" ? url : `${url}${url.includes("?") ? "&" : "?"}next=${encodeURIComponent(next)}`;
}

/** Why a token did not sign in, and what to do. `now`: this browser's clock. */
export function sayRefusal(error: unknown, now: number): string {
  if (error instanceof ApiError && error.status === 401) return "Wrong token. It is OPERATOR_TOKEN in this console’s settings.";
  if (error instanceof ApiError && error.status === 403) return "That token may only append events. Sign in with OPERATOR_TOKEN.";
  if (error instanceof ApiError && error.status === 429) {
    const seconds = error.problem?.retryAfterSec ?? null;
    if (seconds === null) return "Too many wrong tokens. Wait a minute, then try again.";
    return `Too many wrong tokens. Wait ${span(seconds * 1000)}, until ${clock(now + seconds * 1000)}, then try again.`;
  }
  const { what, next } = words(error);
  return `${what} ${next}`;
}
