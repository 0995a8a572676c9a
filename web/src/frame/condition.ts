import type { Beat, Link } from "../stream/reducer.ts";
import { count } from "../format/number.ts";
import { span } from "../format/time.ts";

export interface Condition {
  readonly tone: "good" | "busy" | "warn" | "bad";
  readonly word: string;
  /** A number in words that changes while the rest stays. */
  readonly ticking: string;
  /** What there is to know or do beyond the word. */
  readonly detail: string;
  readonly retry: boolean;
}

/** From here on a silence is told, in heartbeats: one that is late is not missing yet. */
const LATE = 1.6;
/** However fast the heartbeat: less than this is a slow moment of this computer. */
const LATE_MIN_MS = 3000;

interface Facts {
  readonly link: Link;
  readonly beat: Beat | null;
  /** This browser's clock when the stream last brought anything. */
  readonly heardAt: number | null;
  readonly writable: boolean;
  /** Whether new entries are signed, as far as the console says. */
  readonly signing: boolean;
  readonly behind: number;
  /** Since when the browser believes that there is no network; a console on this machine can be reached without any. */
  readonly offlineSince: number | null;
  readonly host: string;
}

/** Whether a connection that is open has said nothing for longer than its heartbeat allows: the console may hang. */
function isSilent({ beat, heardAt }: Facts, now: number): boolean {
  return beat !== null && heardAt !== null && now - heardAt > Math.max(LATE_MIN_MS, LATE * 1000 * beat.intervalSec);
}

/** Whether the network went and nothing was heard since: it takes a while until a connection is known to be lost. */
const isCutOff = ({ offlineSince, heardAt }: Facts): boolean => offlineSince !== null && heardAt !== null && heardAt <= offlineSince;

/** The connection in words. Anything but "live" says what is going on and what to do. */
export function describe(facts: Facts, now: number): Condition {
  const { link, beat, heardAt, writable, signing, behind, offlineSince, host } = facts;
  const connected = link.phase === "live" || link.phase === "catching-up";
  if (connected && isCutOff(facts)) {
    const ticking = `nothing heard for ${span(now - (heardAt ?? now))}`;
    return { tone: "warn", word: "Offline", ticking, detail: "no network on this computer", retry: false };
  }
  if (beat && connected && isSilent(facts, now)) {
    return { tone: "warn", word: "No heartbeat", ticking: `for ${span(now - beat.at)}`, detail: `${host} says nothing: check that the console does not hang`, retry: false };
  }
  switch (link.phase) {
    case "connecting":
      return { tone: "busy", word: "Connecting", ticking: "", detail: "", retry: false };
    case "catching-up":
      return { tone: "busy", word: "Catching up", ticking: count(Math.max(0, behind)), detail: "", retry: false };
    case "live":
      return { tone: writable && signing ? "good" : "bad", word: "Live", ticking: "", detail: "", retry: false };
    case "waiting": {
      const wait = link.retryAt - now;
      const when = wait > 0 ? `in ${span(Math.max(1000, wait))}` : "now";
      if (offlineSince !== null) return { tone: "bad", word: "Offline", ticking: when, detail: "no network on this computer: it is tried again all the same", retry: wait > 0 };
      return { tone: "warn", word: "Reconnecting", ticking: when, detail: `no answer from ${host}: check that the console runs`, retry: wait > 0 };
    }
  }
}
