import { isCount, isFields, parseItem, text } from "../api/items.ts";
import type { Item } from "../api/types.ts";

/** The console's own beat, welcome included. Agents' heartbeats are entries of category `health`. */
export interface Heartbeat {
  readonly kind: "heartbeat";
  readonly welcome: boolean;
  readonly time: string;
  readonly epoch: string;
  readonly size: number;
  readonly next: number;
  readonly writable: boolean;
  readonly intervalSec: number;
  /** The signed note about the record, as it came; null where nothing is signed yet. */
  readonly checkpoint: string | null;
  /** Why the console does not sign any more; null while it does. */
  readonly refused: string | null;
  /** This browser's clock when it came: it may be looked at later, in a batch. */
  readonly at: number;
}

export interface EntryMessage {
  readonly kind: "entry";
  readonly next: number;
  readonly item: Item;
}

export type StreamMessage = Heartbeat | EntryMessage;

const REFUSED = "refused: ";

/** One text frame, received `at`. Null for a kind this page does not know: later consoles may add some. */
export function parseMessage(frame: string, at: number): StreamMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return null;
  }
  if (!isFields(value) || !isCount(value.next)) return null;
  if (value.type === "entry") {
    const item = parseItem(value);
    return item && { kind: "entry", next: value.next, item };
  }
  if (value.type !== "audit" || typeof value.epoch !== "string" || !isCount(value.size)) return null;
  return {
    kind: "heartbeat",
    welcome: text(value.message).endsWith("(welcome)"),
    time: text(value.time),
    epoch: value.epoch,
    size: value.size,
    next: value.next,
    writable: value.writable !== false,
    intervalSec: typeof value.interval_sec === "number" && value.interval_sec > 0 ? value.interval_sec : 5,
    checkpoint: text(value.checkpoint) || null,
    refused: text(value.signing).startsWith(REFUSED) ? text(value.signing).slice(REFUSED.length) : null,
    at,
  };
}
