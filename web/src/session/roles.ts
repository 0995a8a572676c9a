import type { Session } from "../api/types.ts";
import { visible } from "../format/visible.ts";

const OPERATOR = "operator";
/** Who the pages are for. */
const READERS: readonly string[] = ["viewer", OPERATOR];

export const mayRead = ({ role }: Session): boolean => role !== null && READERS.includes(role);
export const mayOperate = ({ role }: Session): boolean => role === OPERATOR;

/** "ada@example.com, a viewer". */
export function sayWho({ principal, role }: Session): string {
  const name = visible(principal ?? "nobody");
  if (role === null || role === principal) return name;
  return `${name}, ${/^[aeiou]/.test(role) ? "an" : "a"} ${role}`;
}
