/**
 * Event content comes from anyone. Characters that steer the reader instead of being read (bidi overrides, zero-width
 * and other invisible ones, controls) become marks that can be seen.
 */

// Cc, bidi controls, soft hyphen, fillers, zero-width space and joiners, separators, invisible operators, BOM, interlinear
// anchors, and the tag block and supplementary variation selectors, in which whole hidden texts have been smuggled.
const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/gu;

/** A joiner between letters, marks or pictographs is spelling (Persian, Devanagari, family emoji), not concealment. */
const SPELLS = /[\p{L}\p{M}\p{Extended_Pictographic}\ufe0f]/u;

const code = (character: string): string => (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");

function isSpelling(character: string, at: number, whole: string): boolean {
  if (character !== "\u200c" && character !== "\u200d") return false;
  const before = [...whole.slice(Math.max(0, at - 2), at)].pop() ?? "";
  const after = [...whole.slice(at + 1, at + 3)][0] ?? "";
  return SPELLS.test(before) && SPELLS.test(after);
}

function mark(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x20) return String.fromCodePoint(0x2400 + point);
  if (point === 0x7f) return "\u2421";
  return `⟨U+${code(character)}⟩`;
}

/** For one line of text. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character, at: number) => (isSpelling(character, at, text) ? character : mark(character)));
}

/** For text of several lines: line feeds and tabs stay what they are. */
export function visibleLines(text: string): string {
  return text
    .replace(/\r\n/g, "\n")
    .replace(UNSEEN, (character, at: number) =>
      character === "\n" || character === "\t" || isSpelling(character, at, text) ? character : mark(character),
    );
}

/** For the inside of a JSON string: escapes mean the same value, so what is shown is also what may be copied. */
export function escapeUnseen(text: string): string {
  return text.replace(UNSEEN, (character, at: number) => {
    if (isSpelling(character, at, text)) return character;
    return Array.from({ length: character.length }, (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`).join("");
  });
}
