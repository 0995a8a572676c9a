/** Signed notes with Ed25519 (c2sp.org/signed-note): taken apart, and checked by WebCrypto. */

import { CannotCheck, equal, fromBase64, NotInFormat, sha256, utf8, webCrypto, type Bytes } from "./bytes.ts";

const DASH = "\u2014";
const ED25519 = 1;
const MAX_SIGNATURES = 100;
const MAX_CHARACTERS = 1_000_000;

export interface Signature {
  readonly name: string;
  readonly keyId: Bytes;
  readonly value: Bytes;
}

/** `text` ends in a line feed and is what is signed. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly Signature[];
}

export interface VerifierKey {
  readonly name: string;
  readonly keyId: Bytes;
  readonly publicKey: Bytes;
}

/** `signed`: one known signature at least, and all known ones true. */
export type Standing = "signed" | "unsigned" | "other key" | "false";

const isKeyName = (name: string): boolean => name !== "" && !/[\s+\u0000-\u001f\u0085]/u.test(name);

function parseSignature(line: string): Signature {
  const [dash, name, encoded, ...more] = line.split(" ");
  if (dash !== DASH || name === undefined || !isKeyName(name) || encoded === undefined || more.length > 0) throw new NotInFormat("this is not a signature line");
  const bytes = fromBase64(encoded);
  if (bytes.length <= 4) throw new NotInFormat("a signature is longer than its key's id");
  return { name, keyId: bytes.slice(0, 4), value: bytes.slice(4) };
}

/** Throws NotInFormat. Text alone, which nobody signed, is a note without signatures. */
export function parseNote(note: string): Note {
  if (note.length > MAX_CHARACTERS || !note.endsWith("\n") || /[\u0000-\u0009\u000b-\u001f]/.test(note)) throw new NotInFormat("a note consists of lines");
  const end = note.lastIndexOf("\n\n");
  if (end < 0) return { text: note, signatures: [] };
  const lines = note.slice(end + 2).split("\n").slice(0, -1);
  if (lines.length > MAX_SIGNATURES) throw new NotInFormat("too many signatures");
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

/** `name+hex(key id)+base64(type || key)`; throws NotInFormat, also when the id is not the key's. */
export async function parseVerifierKey(text: string): Promise<VerifierKey> {
  const [name = "", id = "", ...rest] = text.split("+");
  const key = fromBase64(rest.join("+"));
  if (!isKeyName(name) || key[0] !== ED25519 || key.length !== 33) throw new NotInFormat("this is not the verifier key of an Ed25519 key");
  const keyId = (await sha256(utf8(`${name}\n`), key)).slice(0, 4);
  if (Array.from(keyId, (byte) => byte.toString(16).padStart(2, "0")).join("") !== id) throw new NotInFormat("the key id is not that of this name and key");
  return { name, keyId, publicKey: key.slice(1) };
}

async function isTrue(key: VerifierKey, signature: Signature, text: string): Promise<boolean> {
  const subtle = webCrypto();
  let imported: CryptoKey;
  try {
    imported = await subtle.importKey("raw", key.publicKey, "Ed25519", false, ["verify"]);
  } catch (error) {
    // NotSupportedError: this browser has no Ed25519. Anything else: the key is no key, and has signed nothing.
    if (error instanceof DOMException && error.name === "NotSupportedError") throw new CannotCheck("it does not know Ed25519 signatures; a newer one does");
    return false;
  }
  return subtle.verify("Ed25519", imported, signature.value, utf8(text));
}

/** What these keys say of a note; throws CannotCheck. */
export async function standing(note: Note, keys: readonly VerifierKey[]): Promise<Standing> {
  if (note.signatures.length === 0) return "unsigned";
  let isSigned = false;
  for (const signature of note.signatures) {
    const key = keys.find((each) => each.name === signature.name && equal(each.keyId, signature.keyId));
    if (key === undefined) continue;
    if (!(await isTrue(key, signature, note.text))) return "false";
    isSigned = true;
  }
  return isSigned ? "signed" : "other key";
}
