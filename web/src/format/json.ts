import { escapeUnseen } from "./visible.ts";

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs;

/** The text of one member of a JSON object, as it stands there; null where it has none of that name. */
export function member(text: string, name: string): string | null {
  let depth = 0;
  let begun: number | null = null;
  let last = "";
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const closes = token === "}" || token === "]";
    if (closes) depth -= 1;
    if (begun !== null && (depth === 0 || (depth === 1 && token === ","))) return text.slice(begun, index).trim();
    if (token === "{" || token === "[") depth += 1;
    if (depth === 1 && token === ":" && last === JSON.stringify(name)) begun = index + 1;
    last = token;
  }
  return null;
}

/**
 * Indents JSON text token by token. Not by way of `JSON.parse`: that rounds large numbers and drops duplicate keys, and
 * what is shown here is evidence.
 */
export function prettyJson(text: string): string {
  const tokens = text.match(TOKEN) ?? [];
  let out = "";
  let depth = 0;
  const line = (): string => `\n${"  ".repeat(depth)}`;
  tokens.forEach((token, i) => {
    const next = tokens[i + 1];
    switch (token) {
      case "{":
      case "[":
        out += token;
        if (next !== "}" && next !== "]") {
          depth += 1;
          out += line();
        }
        break;
      case "}":
      case "]":
        if (tokens[i - 1] !== "{" && tokens[i - 1] !== "[") {
          depth = Math.max(0, depth - 1);
          out += line();
        }
        out += token;
        break;
      case ",":
        out += `,${line()}`;
        break;
      case ":":
        out += ": ";
        break;
      default:
        out += token.startsWith('"') ? escapeUnseen(token) : token;
    }
  });
  return out;
}
