import { expect, test } from "vitest";
import { escapeUnseen, visible, visibleLines } from "./visible.ts";

test("plain text in any script stays what it is", () => {
  for (const text of ["Archivist Phase 21 — Patches", "日本語", "עברית", "naïve café", "a\u00a0b"]) expect(visible(text)).toBe(text);
});

test("a bidi override cannot turn a line around", () => {
  expect(visible("invoice\u202Efdp.exe")).toBe("invoice⟨U+202E⟩fdp.exe");
  expect(visible("\u2066a\u2069")).toBe("⟨U+2066⟩a⟨U+2069⟩");
});

test("what cannot be seen is shown", () => {
  expect(visible("ad\u200Bmin")).toBe("ad⟨U+200B⟩min");
  expect(visible("x\u{E0041}y")).toBe("x⟨U+E0041⟩y");
  expect(visible("\uFEFF")).toBe("⟨U+FEFF⟩");
});

test("controls become their pictures, also escape sequences for terminals", () => {
  expect(visible("a\u001b[2Jb\nc\u0000\u007f")).toBe("a␛[2Jb␊c␀␡");
});

test("joiners that spell words or build emoji are left alone, lone ones are not", () => {
  expect(visible("می\u200cخواهم")).toBe("می\u200cخواهم");
  expect(visible("👩\u200d💻")).toBe("👩\u200d💻");
  expect(visible("a \u200d b")).toBe("a ⟨U+200D⟩ b");
});

test("text of several lines keeps its lines", () => {
  expect(visibleLines("a\r\nb\tc\u202e")).toBe("a\nb\tc⟨U+202E⟩");
});

test("inside JSON the escape has the same value", () => {
  const text = '"a\u202e\u{E0041}"';
  expect(escapeUnseen(text)).toBe('"a\\u202e\\udb40\\udc41"');
  expect(JSON.parse(escapeUnseen(text))).toBe(JSON.parse(text));
});
