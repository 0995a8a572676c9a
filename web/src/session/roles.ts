import type { Session } from "../api/types.ts";
import { visible } from "../format/visible.ts";

const OPERATOR = "operator";
/** Who the pages are for. */
const READERS: readonly string[] = ["viewer", OPERATOR];

export const mayRead = ({ role }: Session): boolean => role !== null && READERS.includes(role);
export const mayOperate = ({ role }: Session): boolean => role === OPERATOR;

/** Without the role that the record puts before the names of people and agents. */
export function nameOf({ principal, role }: Session): string {
  const name = principal ?? "nobody";
  return visible(role !== null && name.startsWith(`${role}:`) ? name.slice(role.length + 1) : name);
}

/** "ada@example.com, a viewer". */
export function sayWho(session: Session): string {
  const { principal, role } = session;
  if (role === null || role === principal) return nameOf(session);
  return `${nameOf(session)}, ${/^[aeiou]/.test(role) ? "an" : "a"} ${role}`;
}
