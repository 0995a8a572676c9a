import type { Link } from "../stream/reducer.ts";
import { count } from "../format/number.ts";
import { span } from "../format/time.ts";

export interface Condition {
  readonly tone: "good" | "busy" | "warn" | "bad";
  readonly word: string;
  /** What there is to know or do beyond the word. */
  readonly detail: string;
  readonly retry: boolean;
}

interface Facts {
  readonly link: Link;
  readonly writable: boolean;
  readonly behind: number;
  /** What the browser believes; a console on this machine can be reached without any network. */
  readonly online: boolean;
  readonly host: string;
}

/** The connection in words. Anything but "live" says what is going on and what to do. */
export function describe({ link, writable, behind, online, host }: Facts, now: number): Condition {
  switch (link.phase) {
    case "connecting":
      return { tone: "busy", word: "Connecting", detail: "", retry: false };
    case "catching-up":
      return { tone: "busy", word: "Catching up", detail: count(Math.max(0, behind)), retry: false };
    case "live":
      return { tone: writable ? "good" : "bad", word: "Live", detail: "", retry: false };
    case "waiting": {
      const wait = link.retryAt - now;
      const when = wait > 0 ? `in ${span(Math.max(1000, wait))}` : "now";
      if (!online) return { tone: "bad", word: "Offline", detail: `no network on this computer · trying again ${when}`, retry: wait > 0 };
      return { tone: "warn", word: "Reconnecting", detail: `${when} · no answer from ${host}: check that the console runs`, retry: wait > 0 };
    }
  }
}
