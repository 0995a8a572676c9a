import type { Location } from "react-router";

const KEY = "log-places";
/** Steps that one may go back and still find the list where it was. */
const MOST = 20;

/** Where a list stood: the entry of the row at its top, and by how many pixels that was scrolled past. */
export interface Place {
  readonly seq: number;
  readonly px: number;
}

type Kept = readonly (readonly [visit: string, place: Place])[];

/** One step of this tab's history. The router's key alone is not enough: it is the same for each first page of a tab. */
export const visitOf = ({ key, pathname, search }: Location): string => `${key} ${pathname}${search}`;

const isPlace = (value: unknown): value is Place =>
  typeof value === "object" && value !== null && "seq" in value && Number.isSafeInteger(value.seq) && "px" in value && Number.isFinite(value.px);

function read(): Kept {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(value) ? value.filter((each): each is Kept[number] => Array.isArray(each) && typeof each[0] === "string" && isPlace(each[1])) : [];
  } catch {
    return [];
  }
}

export function readPlace(visit: string): Place | null {
  return read().find(([known]) => known === visit)?.[1] ?? null;
}

/** Null: at its top, where a list begins anyway. */
export function writePlace(visit: string, place: Place | null): void {
  const others = read().filter(([known]) => known !== visit);
  const kept: Kept = place ? [[visit, place], ...others] : others;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(kept.slice(0, MOST)));
  } catch {
    // Where storage is forbidden, a list begins at its top.
  }
}
