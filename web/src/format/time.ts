/** Times are shown in the reader's zone, 24 hours, and carry UTC beside them (see `ui/Time`). */

const two = (n: number): string => String(n).padStart(2, "0");

export function clock(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

export function hourMinute(ms: number): string {
  return clock(ms).slice(0, 5);
}

/** Whose clock times are shown by. */
export type Zone = "local" | "utc";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "2026-11-22T10:42:31" by that clock. */
function plain(ms: number, zone: Zone): string {
  return zone === "utc" ? new Date(ms).toISOString().slice(0, 19) : `${dayOf(ms)}T${clock(ms)}`;
}

/** "22 Nov 10:42:31" this year, "2025-11-22 10:42" in another: for lists that reach over days. */
export function stamp(ms: number, zone: Zone, now: number): string {
  const at = plain(ms, zone);
  if (at.slice(0, 4) !== plain(now, zone).slice(0, 4)) return `${at.slice(0, 10)} ${at.slice(11, 16)}`;
  return `${at.slice(8, 10)} ${MONTHS[Number(at.slice(5, 7)) - 1] ?? ""} ${at.slice(11)}`;
}

/** For a `datetime-local` field, which has no zone of its own. */
export function toField(moment: string, zone: Zone): string {
  const ms = Date.parse(moment);
  return Number.isNaN(ms) ? "" : plain(ms, zone);
}

/** What such a field says, as RFC 3339; empty where it says nothing. */
export function fromField(field: string, zone: Zone): string {
  const ms = Date.parse(zone === "utc" && field ? `${field}Z` : field);
  return Number.isNaN(ms) ? "" : new Date(ms).toISOString();
}

/** The local calendar day as a key: equal for times of one day. */
export function dayOf(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

export function dayName(ms: number): string {
  return new Date(ms).toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}

/** "09:12" today, "14 Nov 09:12" on another day. */
export function since(ms: number, now: number): string {
  if (dayOf(ms) === dayOf(now)) return hourMinute(ms);
  return `${new Date(ms).toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${hourMinute(ms)}`;
}

/** "38 s", "4 min 12 s", "2 h 5 min", "3 d 4 h". */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  const [min, h, d] = [Math.floor(s / 60), Math.floor(s / 3600), Math.floor(s / 86400)];
  if (min < 60) return s % 60 ? `${min} min ${s % 60} s` : `${min} min`;
  if (h < 24) return min % 60 ? `${h} h ${min % 60} min` : `${h} h`;
  return h % 24 ? `${d} d ${h % 24} h` : `${d} d`;
}

/** "38 s", "14 min", "2 h", "3 d": to the unit that matters. */
export function roughly(ms: number): string {
  return /^\d+ \w+/.exec(span(ms))?.[0] ?? "";
}

/** "8 h", "12 min": to the nearest of the unit that matters, for what is still to come. */
export function about(ms: number): string {
  const unit = [86_400_000, 3_600_000, 60_000].find((each) => ms >= each - each / 120) ?? 1000;
  return roughly(Math.max(1, Math.round(ms / unit)) * unit);
}

/** The same, but never less than it is: for "within". */
export function within(ms: number): string {
  const unit = [86_400_000, 3_600_000, 60_000].find((each) => ms >= each) ?? 1000;
  return roughly(Math.max(1, Math.ceil(ms / unit)) * unit);
}

/** "0.42 s": what a question cost, to a hundredth under ten seconds. */
export function elapsed(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(2)} s` : span(ms);
}
