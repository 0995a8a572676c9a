import { fromBase64, sha256, toBase64, utf8, type Bytes } from "../proof/bytes.ts";

/** What an item's JSON holds beside its entry, exactly as recorded. */
export type Beside = { readonly kind: "data"; readonly data: Bytes; readonly salt: Bytes } | { readonly kind: "none" } | { readonly kind: "erased" };

const DATA = /^,"data":(.*),"salt":"([A-Za-z0-9+/=]*)"\}$/s;
const BASE64 = /^,"data_base64":"([A-Za-z0-9+/=]*)","salt":"([A-Za-z0-9+/=]*)"\}$/;

/**
 * Takes an item's JSON apart along its entry, without parsing it: what is shown must be what is hashed, byte by byte.
 * Null where the item is not of this entry, or cannot be taken apart. Throws NotInFormat.
 */
export function beside(item: string, entry: string): Beside | null {
  const head = `{"entry":${entry}`;
  if (!item.startsWith(head)) return null;
  const rest = item.slice(head.length).trimEnd();
  if (rest === "}") return { kind: "none" };
  // Nothing vouches for what is said of an erasure: it must not bring another entry, or data, along.
  if (rest.startsWith(',"erased":')) return /"(?:entry|data|data_base64)":/.test(rest) ? null : { kind: "erased" };
  const json = DATA.exec(rest);
  if (json?.[1] !== undefined && json[2] !== undefined) return { kind: "data", data: utf8(json[1]), salt: fromBase64(json[2]) };
  const bytes = BASE64.exec(rest);
  if (bytes?.[1] !== undefined && bytes[2] !== undefined) return { kind: "data", data: fromBase64(bytes[1]), salt: fromBase64(bytes[2]) };
  return null;
}

/** What an entry says of its data: base64 of SHA-256(salt || data). */
export const dataHash = async (salt: Bytes, data: Bytes): Promise<string> => toBase64(await sha256(salt, data));
