/** The tree of RFC 6962: what its proofs prove (RFC 9162, 2.1.3.2 and 2.1.4.2). Any input is answered, none throws. */

import { equal, sha256, type Bytes } from "./bytes.ts";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** SHA-256(0x00 || the entry's exact bytes). */
export const leafHash = (entry: Uint8Array): Promise<Bytes> => sha256(LEAF, entry);

const nodeHash = (left: Uint8Array, right: Uint8Array): Promise<Bytes> => sha256(NODE, left, right);

/** The root of a tree without leaves. */
export const emptyRoot = (): Promise<Bytes> => sha256();

// Numbers here go beyond 2**31, where JavaScript's bit operators end.
const half = (n: number): number => Math.floor(n / 2);
const isOdd = (n: number): boolean => n % 2 === 1;
const areNumbers = (...numbers: readonly number[]): boolean => numbers.every((n) => Number.isSafeInteger(n) && n >= 0);
const areHashes = (...hashes: readonly Uint8Array[]): boolean => hashes.every((hash) => hash.length === 32);

export function isPowerOfTwo(n: number): boolean {
  while (n > 1 && !isOdd(n)) n = half(n);
  return n === 1;
}

/** Whether `path` (the leaf's sibling first) proves that the leaf with this hash is number `index` of the tree. */
export async function verifyInclusion(leaf: Uint8Array, index: number, size: number, path: readonly Uint8Array[], root: Uint8Array): Promise<boolean> {
  if (!areNumbers(index, size) || index >= size || !areHashes(leaf, root, ...path)) return false;
  let [place, last, found] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) return false;
    if (isOdd(place) || place === last) {
      found = await nodeHash(sibling, found);
      while (!isOdd(place) && place !== 0) [place, last] = [half(place), half(last)];
    } else {
      found = await nodeHash(found, sibling);
    }
    [place, last] = [half(place), half(last)];
  }
  return last === 0 && equal(found, root);
}

/** Whether `path` proves that the tree of `old` leaves is the beginning of that of `size`. */
export async function verifyConsistency(old: number, size: number, path: readonly Uint8Array[], oldRoot: Uint8Array, root: Uint8Array): Promise<boolean> {
  if (!areNumbers(old, size) || old > size || !areHashes(oldRoot, root, ...path)) return false;
  if (old === size) return path.length === 0 && equal(oldRoot, root);
  if (old === 0) return path.length === 0 && equal(oldRoot, await emptyRoot());
  if (path.length === 0) return false;
  const [first, ...others] = isPowerOfTwo(old) ? [oldRoot, ...path] : path;
  if (first === undefined) return false;
  let [place, last] = [old - 1, size - 1];
  while (isOdd(place)) [place, last] = [half(place), half(last)];
  let [foundOld, found] = [first, first];
  for (const other of others) {
    if (last === 0) return false;
    if (isOdd(place) || place === last) {
      [foundOld, found] = [await nodeHash(other, foundOld), await nodeHash(other, found)];
      while (!isOdd(place) && place !== 0) [place, last] = [half(place), half(last)];
    } else {
      found = await nodeHash(found, other);
    }
    [place, last] = [half(place), half(last)];
  }
  return last === 0 && equal(foundOld, oldRoot) && equal(found, root);
}
