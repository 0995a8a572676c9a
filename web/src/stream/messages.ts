import { CATEGORIES, SEVERITIES, type Category, type EventsPage, type Item, type Severity } from "../api/types.ts";

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
  /** This browser's clock when it came: it may be looked at later, in a batch. */
  readonly at: number;
}

export interface EntryMessage {
  readonly kind: "entry";
  readonly next: number;
  readonly item: Item;
}

export type StreamMessage = Heartbeat | EntryMessage;

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const text = (value: unknown): string => (typeof value === "string" ? value : "");

// A newer console may know more categories than this page: an entry is still shown, as the plainest kind.
const category = (value: unknown): Category => CATEGORIES.find((known) => known === value) ?? "other";
const severity = (value: unknown): Severity => SEVERITIES.find((known) => known === value) ?? "info";

/** Null for anything that is not an item; never throws. */
export function parseItem(value: unknown): Item | null {
  if (!isFields(value) || !isFields(value.entry)) return null;
  const { entry } = value;
  if (!isCount(entry.seq) || !isFields(entry.event)) return null;
  return {
    entry: {
      seq: entry.seq,
      recorded: text(entry.recorded),
      principal: text(entry.principal),
      category: category(entry.category),
      severity: severity(entry.severity),
      event: entry.event,
      ...(typeof entry.data_hash === "string" && { data_hash: entry.data_hash }),
    },
    ...("data" in value && { data: value.data }),
    ...(typeof value.data_base64 === "string" && { data_base64: value.data_base64 }),
    ...("erased" in value && { erased: value.erased }),
    ...(typeof value.salt === "string" && { salt: value.salt }),
  };
}

/** Null for a page that lacks what resuming needs. Items that are none are left out. */
export function parsePage(value: unknown): EventsPage | null {
  if (!isFields(value) || typeof value.epoch !== "string" || !isCount(value.size) || !Array.isArray(value.items)) return null;
  return {
    epoch: value.epoch,
    size: value.size,
    items: value.items.map(parseItem).filter((item) => item !== null),
    next: isCount(value.next) ? value.next : null,
  };
}

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
    at,
  };
}
