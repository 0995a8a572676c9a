import { expect, test } from "vitest";
import type { Kept } from "../proof/keeping.ts";
import type { Verdict } from "./verdict.ts";
import { Witness } from "./witness.ts";

const keptOf = (note: string, alarm: Kept["alarm"] = null): Kept => ({ key: "k", since: 1, note, at: 1, alarm });
const verified = (note: string, kept = keptOf(note)): Verdict => ({ status: "verified", size: 1, root: "", key: "k", note, kept });
const alarmed = (note: string, kept: Kept | null): Verdict => ({ status: "alarm", alarm: { why: "split", note, key: "k", at: 2 }, kept });
const settled = async (): Promise<void> => {
  for (let i = 0; i < 50; i += 1) await Promise.resolve();
};

class Store {
  value: string | null = null;
  readonly read = (): string | null => this.value;
  readonly write = (value: string | null): void => {
    this.value = value;
  };
}

test("what is verified is remembered, and what does not fit is remembered beside it, not in its place", async () => {
  const store = new Store();
  const witness = new Witness(async (note, kept) => (note === "bad" ? alarmed(note, kept) : verified(note)), store);
  await witness.consider("good");
  expect(witness.kept()).toEqual(keptOf("good"));
  expect(await witness.consider("bad")).toMatchObject({ status: "alarm" });
  expect(witness.kept()).toMatchObject({ note: "good", alarm: { note: "bad" } });
  // Also when a good one comes after it, also in another page, until it is acknowledged.
  expect(await witness.consider("good too")).toMatchObject({ status: "alarm", alarm: { note: "bad" } });
  expect(new Witness(async () => verified("x"), store).getVerdict()).toMatchObject({ status: "alarm", kept: { note: "good" } });
  witness.acknowledge();
  expect(store.value).toBeNull();
  await witness.consider("good too");
  expect(witness.kept()).toEqual(keptOf("good too"));
});

test("an alarm with nothing kept pins nothing", async () => {
  const store = new Store();
  const witness = new Witness(async (note, kept) => alarmed(note, kept), store);
  expect(await witness.consider("bad")).toMatchObject({ status: "alarm", kept: null });
  expect(store.value).toBeNull();
});

test("what another tab keeps during a check is not overwritten: the check begins anew", async () => {
  const store = new Store();
  const seen: (string | null)[] = [];
  const witness = new Witness(async (note, kept) => {
    seen.push(kept?.note ?? null);
    if (seen.length === 1) store.value = JSON.stringify(keptOf("of the other tab"));
    return verified(note);
  }, store);
  await witness.consider("mine");
  expect(seen).toEqual([null, "of the other tab"]);
  expect(witness.kept()).toEqual(keptOf("mine"));
});

test("another tab's alarm during a check stays", async () => {
  const store = new Store();
  const witness = new Witness(async (note) => {
    store.value = JSON.stringify(keptOf("old", { why: "key", note: "n", key: "k", at: 3 }));
    return verified(note);
  }, store);
  expect(await witness.consider("mine")).toMatchObject({ status: "alarm", alarm: { why: "key" } });
  expect(witness.kept()).toMatchObject({ note: "old" });
});

test("each note is checked once, a failed one with the next heartbeat again", async () => {
  const checked: string[] = [];
  let works = false;
  const witness = new Witness(async (note): Promise<Verdict> => {
    checked.push(note);
    if (!works) throw new Error("away");
    return verified(note);
  }, new Store());
  witness.shown("a");
  await settled();
  expect(witness.getVerdict().status).toBe("failed");
  works = true;
  witness.shown("a");
  await settled();
  witness.shown("a");
  await settled();
  witness.shown(null);
  await settled();
  expect(checked).toEqual(["a", "a"]);
  expect(witness.getVerdict().status).toBe("verified");
});

test("of the notes that come during a check, the newest is checked next", async () => {
  const checked: string[] = [];
  const witness = new Witness(async (note) => {
    checked.push(note);
    await settled();
    return verified(note);
  }, new Store());
  for (const note of ["a", "b", "c"]) witness.shown(note);
  for (let i = 0; i < 4; i += 1) await settled();
  witness.shown("c");
  await settled();
  expect(checked).toEqual(["a", "c"]);
});

test("a browser that cannot check does not go on trying", async () => {
  const checked: string[] = [];
  const witness = new Witness(async (note): Promise<Verdict> => {
    checked.push(note);
    return { status: "cannot", why: "no Ed25519" };
  }, new Store());
  for (const note of ["a", "b"]) {
    witness.shown(note);
    await settled();
  }
  expect(checked).toEqual(["a"]);
});

test("an alarm that another tab raised, or acknowledged, is so here too", () => {
  const store = new Store();
  const witness = new Witness(async (note) => verified(note), store);
  store.value = JSON.stringify(keptOf("old", { why: "shorter", note: "n", key: "k", at: 3 }));
  witness.remembered();
  expect(witness.getVerdict()).toMatchObject({ status: "alarm", alarm: { why: "shorter" } });
  store.value = null;
  witness.remembered();
  expect(witness.getVerdict().status).toBe("waiting");
});
