/** Bytes, base64 and SHA-256 as proofs need them. */

export type Bytes = Uint8Array<ArrayBuffer>;

/** A proof, note or key that is not in its format. The message is a sentence for people. */
export class NotInFormat extends Error {}

/** This browser cannot check: the page is no secure context, or Ed25519 is missing. Nothing is known then. */
export class CannotCheck extends Error {}

export const utf8 = (text: string): Bytes => new TextEncoder().encode(text);

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, at) => byte === b[at]);

export const toBase64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/** Standard base64 in its one proper form; throws NotInFormat. */
export function fromBase64(text: string): Bytes {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw new NotInFormat("this is not base64");
  }
  const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  // atob takes white space, missing padding and stray bits: several texts for the same bytes.
  if (toBase64(bytes) !== text) throw new NotInFormat("this is not base64");
  return bytes;
}

/** A size or an index: decimal digits without needless zeros, as large as a number is exact; throws NotInFormat. */
export function toNumber(text: string): number {
  const number = Number(text);
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text) || !Number.isSafeInteger(number)) throw new NotInFormat("this is not a size or an index");
  return number;
}

/** WebCrypto, which pages have in a secure context only; throws CannotCheck. */
export function webCrypto(): SubtleCrypto {
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) throw new CannotCheck("this page came over plain http, where browsers offer no cryptography");
  return subtle;
}

export const sha256 = async (...parts: readonly Uint8Array[]): Promise<Bytes> => new Uint8Array(await webCrypto().digest("SHA-256", concat(...parts)));
