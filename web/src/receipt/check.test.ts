import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fromBase64, toBase64, utf8, type Bytes } from "../proof/bytes.ts";
import { entriesOf, makeKey, SmallLog } from "../proof/smalllog.ts";
import { look } from "../witness/look.ts";
import type { Verdict } from "../witness/verdict.ts";
import { check } from "./check.ts";
import { commands } from "./commands.ts";
import { dataHash } from "./exact.ts";
import { sayReceipt } from "./words.ts";

const SALT = fromBase64("AAECAwQFBgcICQoLDA0ODw==");
const DATA = '{"a": 1,\n "a":2}';
const hashed = await dataHash(SALT, utf8(DATA));
const ENTRY = `{"seq":3,"event":{"source":"\u00e9"},"data_hash":"${hashed}"}`;
const key = await makeKey("log.example/1");
const log = new SmallLog(key, [...entriesOf(3), utf8(ENTRY), ...entriesOf(9).slice(4)]);
const ITEM = `{"entry":${ENTRY},"data":${DATA},"salt":"${toBase64(SALT)}"}`;

let answers: Record<string, () => Response>;
const signal = new AbortController().signal;
const consider = (note: string): Promise<Verdict> => look(note, null, signal);
const bytes = (value: Bytes): Response => new Response(value);
const problem = (status: number): Response => new Response("{}", { status });

beforeEach(async () => {
  const proof = await log.proof(3);
  answers = {
    "/api/log": () => Response.json({ verifier_key: key.verifier }),
    "/api/events/3/proof": () => new Response(proof),
    "/api/events/3/entry": () => bytes(utf8(ENTRY)),
  };
  vi.stubGlobal("fetch", async (path: string) => answers[path]?.() ?? problem(404));
});
afterEach(() => vi.unstubAllGlobals());

test("an entry with its data is proved, and how", async () => {
  const outcome = await check(3, ITEM, consider, signal);
  expect(outcome).toMatchObject({ status: "proved", proof: { size: 9, root: await log.root(), key: key.verifier, data: "data" } });
  expect(sayReceipt(outcome)).toMatchObject({ tone: "good", what: expect.stringContaining("the checkpoint of 9 entries") });
});

test("data as bytes, and erased data, are told as such", async () => {
  const raw = `{"entry":${ENTRY},"data_base64":"${toBase64(utf8(DATA))}","salt":"${toBase64(SALT)}"}`;
  expect(await check(3, raw, consider, signal)).toMatchObject({ status: "proved", proof: { data: "data" } });
  expect(await check(3, `{"entry":${ENTRY},"erased":{"by":"operator","reason":"\\"data\\": gone"}}`, consider, signal)).toMatchObject({ status: "proved", proof: { data: "erased" } });
});

test.each([
  ["other data", ITEM.replace("1", "7")],
  ["another salt", ITEM.replace("AAEC", "BAEC")],
  ["no data", `{"entry":${ENTRY}}`],
  ["another entry", ITEM.replace('"seq":3', '"seq":4')],
  ["an entry that says the same in other bytes", ITEM.replace("\u00e9", "\\u00e9")],
  ["a second entry after the data", ITEM.replace(',"salt"', ',"entry":{},"salt"')],
  ["a second entry after an erasure", `{"entry":${ENTRY},"erased":{},"entry":{"seq":3}}`],
  ["data after an erasure", `{"entry":${ENTRY},"erased":{},"data":1}`],
  ["junk", `{"entry":${ENTRY},"more":1}`],
])("%s beside a good proof is not proved", async (_, item) => {
  const outcome = await check(3, item, consider, signal);
  expect(outcome.status).toBe("refuted");
  expect(sayReceipt(outcome)).toMatchObject({ tone: "bad", what: "Not proved." });
});

test("a proof of something else, or of nothing, is told", async () => {
  const other = new SmallLog(key, [...log.entries.slice(0, 3), utf8("{}"), ...log.entries.slice(4)]);
  const stranger = new SmallLog(await makeKey("log.example/1"), log.entries);
  const proofs: [string, string][] = [
    ["refuted", await other.proof(3)], ["refuted", await log.proof(2)], ["refuted", (await log.proof(3)).replace("index 3", "index 2")], ["refuted", "junk"],
    ["alarm", await stranger.proof(3)], ["alarm", (await log.proof(3)).replace("\n9\n", "\n8\n")],
  ];
  for (const [status, proof] of proofs) {
    answers["/api/events/3/proof"] = () => new Response(proof);
    const outcome = await check(3, ITEM, consider, signal);
    expect(outcome.status).toBe(status);
    // Nothing was seen before.
    if (status === "alarm") expect(sayReceipt(outcome)).toMatchObject({ what: "Not proved.", more: expect.stringContaining("not truly signed") });
  }
});

test("an entry of another number is not proved by its own proof", async () => {
  answers["/api/events/4/proof"] = answers["/api/events/3/proof"]!;
  answers["/api/events/4/entry"] = answers["/api/events/3/entry"]!;
  expect((await check(4, ITEM, consider, signal)).status).toBe("refuted");
});

test("an entry that the log has again at another place is not proved by that", async () => {
  const twice = new SmallLog(key, [...log.entries, utf8(ENTRY)]);
  const proof = await twice.proof(9);
  answers["/api/events/3/proof"] = () => new Response(proof);
  expect((await check(3, ITEM, consider, signal)).status).toBe("refuted");
  answers["/api/events/9/proof"] = answers["/api/events/3/proof"]!;
  answers["/api/events/9/entry"] = answers["/api/events/3/entry"]!;
  expect((await check(9, ITEM, consider, signal)).status).toBe("refuted");
});

test("not signed yet, no answer, and a browser that cannot are told apart from not proved", async () => {
  answers["/api/events/3/proof"] = () => problem(409);
  expect((await check(3, ITEM, consider, signal)).status).toBe("not signed");
  answers["/api/events/3/proof"] = () => problem(503);
  expect(sayReceipt(await check(3, ITEM, consider, signal))).toMatchObject({ tone: "unknown", what: "Not checked." });
  const proof = await log.proof(3);
  answers["/api/events/3/proof"] = () => new Response(proof);
  vi.stubGlobal("crypto", {});
  const outcome = await check(3, ITEM, consider, signal);
  expect(outcome.status).toBe("cannot");
  expect(sayReceipt(outcome)).toMatchObject({ tone: "unknown", what: "This browser could not check." });
});

test("the commands lead from every entry's file to the signed root", async () => {
  const folder = mkdtempSync(join(tmpdir(), "receipt-"));
  try {
    for (const [index, size] of [[0, 1], [0, 9], [3, 9], [8, 9], [5, 7], [6, 7]] as const) {
      const name = `console-${index}.entry`;
      writeFileSync(join(folder, name), log.entries[index]!);
      const root = await log.root(size);
      const lines = commands(name, { index, size, path: await log.path(index, size) }, root);
      expect(spawnSync("bash", ["-c", lines], { cwd: folder, encoding: "utf8" }).stdout).toBe(`${root}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
