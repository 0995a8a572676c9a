/** A small signed log for tests: the tree by the RFC's own recursive definition (RFC 9162, 2.1), the key a real one. */

import { concat, sha256, toBase64, utf8, type Bytes } from "./bytes.ts";
import { leafHash } from "./merkle.ts";

const split = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1);
const node = (left: Bytes, right: Bytes): Promise<Bytes> => sha256(Uint8Array.of(1), left, right);

async function root(leaves: readonly Bytes[]): Promise<Bytes> {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leafHash(leaves[0]!);
  const k = split(leaves.length);
  return node(await root(leaves.slice(0, k)), await root(leaves.slice(k)));
}

async function path(at: number, leaves: readonly Bytes[]): Promise<Bytes[]> {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return at < k
    ? [...(await path(at, leaves.slice(0, k))), await root(leaves.slice(k))]
    : [...(await path(at - k, leaves.slice(k))), await root(leaves.slice(0, k))];
}

async function subproof(old: number, leaves: readonly Bytes[], whole: boolean): Promise<Bytes[]> {
  if (old === leaves.length) return whole ? [] : [await root(leaves)];
  const k = split(leaves.length);
  return old <= k
    ? [...(await subproof(old, leaves.slice(0, k), whole)), await root(leaves.slice(k))]
    : [...(await subproof(old - k, leaves.slice(k), false)), await root(leaves.slice(0, k))];
}

export interface Key {
  readonly verifier: string;
  sign(text: string): Promise<string>;
}

export async function makeKey(name: string): Promise<Key> {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const key = concat(Uint8Array.of(1), new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
  const id = (await sha256(utf8(`${name}\n`), key)).slice(0, 4);
  const hex = Array.from(id, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return {
    verifier: `${name}+${hex}+${toBase64(key)}`,
    sign: async (text) => `${text}\n\u2014 ${name} ${toBase64(concat(id, new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, utf8(text)))))}\n`,
  };
}

export class SmallLog {
  constructor(readonly key: Key, readonly entries: readonly Bytes[], readonly origin = key.verifier.split("+")[0] ?? "") {}

  async note(size = this.entries.length, origin = this.origin): Promise<string> {
    return this.key.sign(`${origin}\n${size}\n${toBase64(await root(this.entries.slice(0, size)))}\n`);
  }

  async root(size = this.entries.length): Promise<string> {
    return toBase64(await root(this.entries.slice(0, size)));
  }

  path(index: number, size: number): Promise<Bytes[]> {
    return path(index, this.entries.slice(0, size));
  }

  /** Null beyond what there is, as the console answers. */
  async consistency(from: number, to: number): Promise<Bytes[] | null> {
    if (to > this.entries.length) return null;
    return from === 0 ? [] : subproof(from, this.entries.slice(0, to), true);
  }

  async proof(index: number, size = this.entries.length): Promise<string> {
    const lines = (await this.path(index, size)).map((hash) => `${toBase64(hash)}\n`).join("");
    return `c2sp.org/tlog-proof@v1\nindex ${index}\n${lines}\n${await this.note(size)}`;
  }
}

/** `n` entries, with data of their own; from `fork` on they are others. */
export const entriesOf = (n: number, fork = n): Bytes[] => Array.from({ length: n }, (_, seq) => utf8(`{"seq":${seq},"event":{"source":"${seq < fork ? "a" : "b"}"}}`));
