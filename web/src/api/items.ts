import { CATEGORIES, SEVERITIES, type Category, type Erased, type EventsPage, type Item, type Severity } from "./types.ts";

/** Items as the console sends them, on the stream and over HTTP: believed as far as they make sense. */

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
export const isCount = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
export const text = (value: unknown): string => (typeof value === "string" ? value : "");

// A newer console may know more categories than this page: an entry is still shown, as the plainest kind.
const category = (value: unknown): Category => CATEGORIES.find((known) => known === value) ?? "other";
const severity = (value: unknown): Severity => SEVERITIES.find((known) => known === value) ?? "info";

function parseErased(value: unknown): Erased {
  const fields = isFields(value) ? value : {};
  return { by: text(fields.by), at: text(fields.at), reason: text(fields.reason) };
}

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
    ...("erased" in value && { erased: parseErased(value.erased) }),
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
