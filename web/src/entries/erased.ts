import { member } from "../format/json.ts";
import type { Erased } from "../api/types.ts";

/** An item's JSON as it is once its data is gone: its entry to the letter, and what the record says of the erasure. */
export function withoutData(item: string, erased: Erased): string {
  return `{"entry":${member(item, "entry") ?? "null"},"erased":${JSON.stringify(erased)}}`;
}
