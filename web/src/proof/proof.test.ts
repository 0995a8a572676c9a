import { afterEach, expect, test, vi } from "vitest";
import { CannotCheck, concat, fromBase64, NotInFormat, sha256, toBase64, toNumber, utf8 } from "./bytes.ts";
import { checkProof, parseCheckpoint, parseProofFile } from "./checkpoint.ts";
import { emptyRoot, isPowerOfTwo, leafHash, verifyConsistency, verifyInclusion } from "./merkle.ts";
import { parseNote, parseVerifierKey, standing } from "./note.ts";
import vectors from "./vectors.json";

const roots: Readonly<Record<string, string>> = vectors.roots;
const rootOf = (size: number) => fromBase64(roots[size] ?? "");
const entry = (index: number) => utf8(`entry ${index}`);
const ours = await parseVerifierKey(vectors.verifier_key);

// From c2sp.org/signed-note.
const PUBLISHED_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const PUBLISHED_NOTE =
  "This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

afterEach(() => vi.unstubAllGlobals());

test("the empty tree and the first leaf of Certificate Transparency", async () => {
  const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  expect(hex(await emptyRoot())).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(hex(await leafHash(utf8("")))).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
});

test("the console's inclusion proofs hold, and for nothing else", async () => {
  for (const { index, size, path } of vectors.inclusion) {
    const hashes = path.map(fromBase64);
    const leaf = await leafHash(entry(index));
    expect(await verifyInclusion(leaf, index, size, hashes, rootOf(size))).toBe(true);
    expect(await verifyInclusion(leaf, index + 1, size, hashes, rootOf(size))).toBe(false);
    expect(await verifyInclusion(await leafHash(entry(index + 1)), index, size, hashes, rootOf(size))).toBe(false);
    expect(await verifyInclusion(leaf, index, size, [...hashes, leaf], rootOf(size))).toBe(false);
    if (hashes.length > 0) expect(await verifyInclusion(leaf, index, size, hashes.slice(1), rootOf(size))).toBe(false);
  }
});

test("the console's consistency proofs hold, and for nothing else", async () => {
  for (const { old, size, path } of vectors.consistency) {
    const hashes = path.map(fromBase64);
    expect(await verifyConsistency(old, size, hashes, rootOf(old), rootOf(size))).toBe(true);
    expect(await verifyConsistency(old, size, [...hashes, rootOf(1)], rootOf(old), rootOf(size))).toBe(false);
    expect(await verifyConsistency(old, size, hashes, rootOf(0), rootOf(size))).toBe(false);
    expect(await verifyConsistency(old, size, hashes, rootOf(old), rootOf(0))).toBe(false);
    if (hashes.length > 0) expect(await verifyConsistency(old, size, hashes.slice(1), rootOf(old), rootOf(size))).toBe(false);
  }
});

test("nothing is the beginning of anything, and everything of itself", async () => {
  expect(await verifyConsistency(0, 300, [], rootOf(0), rootOf(300))).toBe(true);
  expect(await verifyConsistency(0, 300, [], rootOf(1), rootOf(300))).toBe(false);
  expect(await verifyConsistency(300, 300, [], rootOf(300), rootOf(299))).toBe(false);
  expect(await verifyConsistency(8, 4, [], rootOf(8), rootOf(4))).toBe(false);
  expect(await verifyConsistency(4, 8, [], rootOf(4), rootOf(4))).toBe(false);
});

test("a proof is of its sizes only, though its hashes lead to the right roots", async () => {
  const leaves = await Promise.all([0, 1, 2, 3].map((index) => leafHash(entry(index))));
  const [a, b, c, d] = leaves as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const node = (left: Uint8Array, right: Uint8Array) => sha256(Uint8Array.of(1), left, right);
  const [ab, cd] = [await node(a, b), await node(c, d)];
  expect(await verifyInclusion(b, 0, 1, [a], ab)).toBe(false);
  expect(await verifyInclusion(ab, 0, 4, [cd], rootOf(4))).toBe(false);
  expect(await verifyConsistency(3, 4, [c, d, ab, rootOf(4)], await node(rootOf(4), await node(ab, c)), await node(rootOf(4), await node(ab, cd)))).toBe(false);
  expect(await verifyConsistency(2, 8, [cd], ab, rootOf(4))).toBe(false);
  expect(await verifyConsistency(3, 2, [a, b], a, ab)).toBe(false);
  expect(await verifyConsistency(3, 8, [], a, a)).toBe(false);
});

test("numbers that are none prove nothing", async () => {
  for (const n of [-1, 0.5, NaN, Infinity, 2 ** 60]) {
    expect(await verifyInclusion(rootOf(1), n, 2 ** 53, [], rootOf(1))).toBe(false);
    expect(await verifyInclusion(rootOf(1), 0, n, [], rootOf(1))).toBe(false);
    expect(await verifyConsistency(n, 2, [rootOf(1)], rootOf(1), rootOf(2))).toBe(false);
    expect(await verifyConsistency(n, n, [], rootOf(1), rootOf(1))).toBe(false);
  }
});

test("a hash of another length proves nothing, though it would give the same root", async () => {
  const [leaf, sibling] = [await leafHash(entry(0)), await leafHash(entry(1))];
  expect(await verifyInclusion(leaf, 0, 2, [sibling], rootOf(2))).toBe(true);
  expect(await verifyInclusion(concat(leaf, sibling.slice(0, 1)), 0, 2, [sibling.slice(1)], rootOf(2))).toBe(false);
});

test("a log of more than 2**32 entries is counted right", async () => {
  const index = 2 ** 33 + 5;
  const path = Array.from({ length: 40 }, (_, level) => new Uint8Array(32).fill(level));
  let root = await leafHash(entry(0));
  const leaf = root;
  for (const [level, sibling] of path.entries()) {
    const isRight = (BigInt(index) >> BigInt(level)) % 2n === 1n;
    root = await sha256(Uint8Array.of(1), ...(isRight ? [sibling, root] : [root, sibling]));
  }
  expect(await verifyInclusion(leaf, index, 2 ** 40, path, root)).toBe(true);
  expect(await verifyInclusion(leaf, index - 2 ** 32, 2 ** 40, path, root)).toBe(false);
  expect([1, 2, 2 ** 33, 2 ** 33 + 1, 3, 0].map(isPowerOfTwo)).toEqual([true, true, true, false, false, false]);
});

test("the published note is signed by the published key", async () => {
  const key = await parseVerifierKey(PUBLISHED_KEY);
  expect(await standing(parseNote(PUBLISHED_NOTE), [key])).toBe("signed");
  expect(await standing(parseNote(PUBLISHED_NOTE.replace("example message", "altered message")), [key])).toBe("false");
  expect(await standing(parseNote(PUBLISHED_NOTE), [ours])).toBe("other key");
  expect(await standing(parseNote(PUBLISHED_NOTE.slice(0, 28)), [key])).toBe("unsigned");
});

test("signatures of others are ignored, and a false one of ours spoils the note", async () => {
  const both = vectors.checkpoint + vectors.checkpoint_of_another_key.split("\n\n")[1];
  expect(await standing(parseNote(both), [ours])).toBe("signed");
  expect(await standing(parseNote(vectors.checkpoint_of_another_key), [ours])).toBe("other key");
  expect(await standing(parseNote(both.replace("\n300\n", "\n299\n")), [ours])).toBe("false");
});

test("a key that is no point of the curve has signed nothing", async () => {
  expect(await standing(parseNote(vectors.checkpoint), [{ ...ours, publicKey: new Uint8Array(32).fill(255) }])).toBe("false");
});

test.each([
  "no line feed", "a tab\t\n", "carriage return\r\n", "text\n\nno signature\n", "text\n\n\u2013 name AAAAAAA=\n", "text\n\n\u2014 name AAAAAA==\n",
  "text\n\n\u2014 name AAAAAAB=\n", "text\n\n\u2014 name AAAAAAA\n", "text\n\n\u2014 a+b AAAAAAA=\n", "text\n\n\u2014 a\u00a0b AAAAAAA=\n", "text\n\n\u2014  AAAAAAA=\n",
  "text\n\n\u2014 name AAAAAAA= more\n", `${"x".repeat(1_000_000)}\n`, `text\n\n${"\u2014 name AAAAAAA=\n".repeat(101)}`,
])("%# is not a note", (note) => {
  expect(() => parseNote(note)).toThrow(NotInFormat);
});

test.each(["", PUBLISHED_KEY.replace("530d", "530e"), PUBLISHED_KEY.replace("foo", "bar"), PUBLISHED_KEY.slice(0, -4), PUBLISHED_KEY.replace("+A", "+B"), "example.com/foo+d49704ef+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="])(
  "%# is not a verifier key", async (key) => {
    await expect(parseVerifierKey(key)).rejects.toThrow(NotInFormat);
  },
);

const TEXT = vectors.checkpoint.split("\n\n")[0] + "\n";

test("a checkpoint, with lines of others or without", () => {
  expect(parseCheckpoint(TEXT)).toEqual({ origin: vectors.origin, size: 300, root: rootOf(300) });
  expect(parseCheckpoint(`${TEXT}more\n`).size).toBe(300);
});

test.each(["", TEXT.slice(0, -1), `${TEXT}\n`, `\n${TEXT}`, ...["", "0300", "+3", " 3", "3.0", "3e2", "0x3", "\u0663", String(2 ** 53), "9".repeat(400)].map((size) => TEXT.replace("300", size)), TEXT.replace("=\n", "\n")])(
  "%# is not a checkpoint", (text) => {
    expect(() => parseCheckpoint(text)).toThrow(NotInFormat);
  },
);

test("a proof file proves its entry, of its log, by its key", async () => {
  const file = vectors.proof_file;
  const check = (content: string, index = 17, origin = vectors.origin, key = ours) => checkProof(entry(index), content, origin, [key]);
  expect(await check(file)).toMatchObject({ outcome: "proved", index: 17, checkpoint: { size: 300 } });
  expect(await check(file.replace("index", "extra AAAA\nindex"))).toMatchObject({ outcome: "proved" });
  expect(await check(file, 18)).toEqual({ outcome: "not included" });
  expect(await check(file.replace("index 17", "index 16"))).toEqual({ outcome: "not included" });
  expect(await check(file, 17, "log.example/2")).toEqual({ outcome: "another log" });
  expect(await check(file, 17, vectors.origin, await parseVerifierKey(PUBLISHED_KEY))).toEqual({ outcome: "other key" });
  expect(await check(file.replace("\n300\n", "\n301\n"))).toEqual({ outcome: "false" });
  expect(await check(file.slice(0, file.indexOf("\n\n\u2014") + 1))).toEqual({ outcome: "unsigned" });
});

test.each([
  "", vectors.proof_file.replace("@v1", "@v2"), vectors.proof_file.replace("index 17\n", ""), vectors.proof_file.replace("17", "017"), vectors.proof_file.replace("=\n", "\n"),
  vectors.proof_file.replace("17\n", `17\n${`${toBase64(rootOf(1))}\n`.repeat(64)}`), vectors.proof_file.replace("index", "extra A\nindex"), vectors.proof_file.split("\n\n")[0] + "\n\n",
])("%# is not a proof file", async (file) => {
  expect(() => parseProofFile(file)).toThrow(NotInFormat);
  expect(await checkProof(entry(17), file, vectors.origin, [ours])).toEqual({ outcome: "not in format" });
});

test("where a page has no WebCrypto, or it no Ed25519, nothing is said to be proved or not", async () => {
  vi.stubGlobal("crypto", {});
  await expect(checkProof(entry(17), vectors.proof_file, vectors.origin, [ours])).rejects.toThrow(CannotCheck);
  vi.stubGlobal("crypto", { subtle: { importKey: () => Promise.reject(new DOMException("no", "NotSupportedError")) } });
  await expect(checkProof(entry(17), vectors.proof_file, vectors.origin, [ours])).rejects.toThrow(CannotCheck);
});

test("base64 and numbers have one form each", () => {
  for (const text of ["AAA", "AAAB=", "AA==\n", "AB==", "A A=", "\u00e9"]) expect(() => fromBase64(text)).toThrow(NotInFormat);
  for (const text of ["", "00", "1 ", "-0", "1_0"]) expect(() => toNumber(text)).toThrow(NotInFormat);
  expect(toNumber(String(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
});
