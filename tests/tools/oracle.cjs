// Other people's verifiers, asked about our proofs: a case is a line of JSON on standard input, an answer true or false.
//
// Inclusion and checkpoints: @sigstore/verify. Consistency: @transmute/rfc9162, which leaves out step 2 of RFC 9162,
// 2.1.4.2 (where the old size is a power of two, its root comes first), so that step is done for it here.
"use strict";
const { createInterface } = require("node:readline");
const { createPublicKey } = require("node:crypto");
const { verifyMerkleInclusion } = require("@sigstore/verify/dist/tlog/merkle.js");
const { verifyCheckpoint } = require("@sigstore/verify/dist/tlog/checkpoint.js");
const { verifyConsistencyProof } = require("@transmute/rfc9162").default;

const bytes = (base64) => Buffer.from(base64, "base64");
const passes = (check) => {
  try {
    check();
    return true;
  } catch (error) {
    if (error.name !== "VerificationError") throw error;
    return false;
  }
};

const questions = {
  inclusion: ({ entry, index, size, path, root }) =>
    passes(() =>
      verifyMerkleInclusion(
        { canonicalizedBody: bytes(entry), inclusionProof: { logIndex: String(index), hashes: path.map(bytes) } },
        { logSize: BigInt(size), logHash: bytes(root) },
      ),
    ),
  consistency: ({ old, size, path, oldRoot, root }) => {
    const isPowerOfTwo = Number.isInteger(Math.log2(old));
    const hashes = (isPowerOfTwo ? [oldRoot, ...path] : path).map((hash) => new Uint8Array(bytes(hash)));
    const proof = { log_id: "", tree_size_1: old, tree_size_2: size, consistency_path: hashes };
    return verifyConsistencyProof(new Uint8Array(bytes(oldRoot)), new Uint8Array(bytes(root)), proof);
  },
  checkpoint: ({ note, name, keyId, publicKey }) => {
    const spki = Buffer.concat([bytes("MCowBQYDK2VwAyEA"), bytes(publicKey)]); // RFC 8410's header for Ed25519
    const key = createPublicKey({ key: spki, format: "der", type: "spki" });
    const logs = [{ logID: bytes(keyId), baseURL: name, publicKey: key }];
    return passes(() => verifyCheckpoint({ inclusionProof: { checkpoint: { envelope: note } } }, logs));
  },
};

(async () => {
  for await (const line of createInterface({ input: process.stdin })) {
    const { ask, ...about } = JSON.parse(line);
    console.log(Boolean(await questions[ask](about)));
  }
})();
