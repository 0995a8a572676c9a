import { ApiError, words } from "../api/errors.ts";
import type { Session } from "../api/types.ts";
import { visible } from "../format/visible.ts";
import { mayOperate, sayWho } from "../session/roles.ts";

/** Why data was not erased, and what to do. */
export function sayNotErased(error: unknown, session: Session): string {
  const { what, next, said } = words(error);
  const detail = error instanceof ApiError ? (error.problem?.detail ?? "") : "";
  const status = error instanceof ApiError ? error.status : null;
  if (status === 403 && !mayOperate(session)) return `Not erased: you are ${sayWho(session)}, and this wants an operator. Ask one, or sign in as one.`;
  if (status === 503) return "Not erased, as far as the console knows: the record cannot be written. Free disk space on its host or read its log, then try again.";
  if (status === null) return `${what} Whether the data is gone will be seen when it answers again. ${next}`;
  return `Not erased. ${visible(said || detail) || `${what} ${next}`}`;
}
