import { describe, expect, test } from "vitest";
import { ApiError } from "../api/errors.ts";
import type { Session } from "../api/types.ts";
import { sayNotErased } from "../erase/words.ts";
import { readKept, writeKept } from "./kept.ts";
import { mayOperate, mayRead, sayWho } from "./roles.ts";
import { providerAddress, safeNext, sayRefusal } from "./ways.ts";

const NOW = new Date(2026, 10, 22, 10, 42, 0).getTime();
const refused = (status: number, retryAfterSec: number | null = null, detail = ""): ApiError =>
  new ApiError("refused", { title: "", status, detail, errors: [], request_id: null, retryAfterSec });
const session = (role: string | null, principal: string | null = "ada@example.com"): Session => ({ principal, role, signin: [], provider: null, expires: null, version: "" });

test("one goes on to an address of this console, and to no other", () => {
  for (const good of ["/", "/log/17", "/log?q=a%20b&severity=error", "/sign-insight"]) expect(safeNext(good)).toBe(good);
  for (const bad of [null, "", "log", "//evil.example", "/\\/evil.example\n", "https://evil.example", "javascript:alert(1)", "/a\nb", "/a b", "/é", "/api/session", "/auth/login", `/${"x".repeat(2000)}`, "/sign-in?next=/sign-in", "/sign-in"]) {
    expect(safeNext(bad)).toBe("/");
  }
});

test("the way over the provider comes back to where one was going", () => {
  expect(providerAddress("/auth/login", { pathname: "/log/17", search: "?q=a&source=b" })).toBe("/auth/login?next=%2Flog%2F17%3Fq%3Da%26source%3Db");
  expect(providerAddress("/auth/login", { pathname: "/sign-in", search: "?next=/junie" })).toBe("/auth/login?next=%2Fjunie");
  expect(providerAddress("/auth/login", { pathname: "/sign-in", search: "?next=//evil.example" })).toBe("/auth/login");
  expect(providerAddress("/auth/login", { pathname: "/log", search: "?q=a\\b" })).toBe("/auth/login?next=%2Flog%3Fq%3Da%255Cb");
  expect(providerAddress("/auth/login", { pathname: "/", search: "" })).toBe("/auth/login");
});

test("why a token did not sign in says what to do, and for how long to wait", () => {
  expect(sayRefusal(refused(401), NOW)).toContain("Wrong token");
  expect(sayRefusal(refused(403), NOW)).toContain("may only append");
  expect(sayRefusal(refused(429, 90), NOW)).toBe("Too many wrong tokens. Wait 1 min 30 s, until 10:43:30, then try again.");
  expect(sayRefusal(refused(429), NOW)).toContain("Wait a minute");
  expect(sayRefusal(new ApiError("unreachable", null), NOW)).toContain("does not answer");
});

test("who may what, and how that is said", () => {
  expect(["operator", "viewer", "agent", null].map((role) => [mayRead(session(role)), mayOperate(session(role))])).toEqual([[true, true], [true, false], [false, false], [false, false]]);
  expect(sayWho(session("viewer"))).toBe("ada@example.com, a viewer");
  expect(sayWho(session("viewer", "viewer:ada@example.com"))).toBe("ada@example.com, a viewer");
  expect(sayWho(session("agent", "agent:p\u202e"))).toBe("p⟨U+202E⟩, an agent");
  expect(sayWho(session("operator", "operator"))).toBe("operator");
});

test("why data was not erased says who one is, or what the console said", () => {
  expect(sayNotErased(refused(403), session("viewer"))).toBe("Not erased: you are ada@example.com, a viewer, and this wants an operator. Ask one, or sign in as one.");
  expect(sayNotErased(refused(403, null, "#7 is kept"), session("operator"))).toBe("Not erased. #7 is kept");
  expect(sayNotErased(refused(422, null, "the reason is too long"), session("operator"))).toBe("Not erased. the reason is too long");
  expect(sayNotErased(refused(503), session("operator"))).toContain("cannot be written");
  expect(sayNotErased(new ApiError("timeout", null), session("operator"))).toContain("Whether the data is gone");
});

describe("what is kept on the way to the provider", () => {
  const store = (): Storage => {
    const held = new Map<string, string>();
    return { getItem: (key: string) => held.get(key) ?? null, setItem: (key: string, value: string) => void held.set(key, value), removeItem: (key: string) => void held.delete(key) } as Storage;
  };

  test("is given to the same person only", () => {
    const storage = store();
    writeKept(storage, "drafts", { owner: "ada", value: { question: "why" } });
    expect(["ada", "bob", null].map((owner) => readKept(storage, "drafts", owner))).toEqual([{ question: "why" }, null, null]);
    writeKept(storage, "drafts", null);
    expect(readKept(storage, "drafts", "ada")).toBeNull();
  });

  test("is lost without a complaint where there is no room for it", () => {
    const full = { getItem: () => "{", setItem: () => { throw new DOMException("full", "QuotaExceededError"); } } as unknown as Storage;
    expect(() => writeKept(full, "drafts", { owner: "ada", value: 1 })).not.toThrow();
    expect(readKept(full, "drafts", "ada")).toBeNull();
    expect(readKept(null, "drafts", "ada")).toBeNull();
  });
});
