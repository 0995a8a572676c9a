import { isCount, isFields, text } from "../api/items.ts";
import type { Words } from "../api/errors.ts";

export type Turn = {
  readonly id: number;
  readonly question: string;
  readonly askedAt: number;
} & (
  | { readonly status: "pending" }
  | { readonly status: "answered"; readonly tookMs: number; readonly response: string; readonly raw: string }
  | { readonly status: "failed"; readonly tookMs: number; readonly words: Words }
);

export type Step =
  | { readonly type: "asked"; readonly id: number; readonly question: string; readonly at: number }
  | { readonly type: "answered"; readonly id: number; readonly at: number; readonly response: string; readonly raw: string }
  | { readonly type: "failed"; readonly id: number; readonly at: number; readonly words: Words };

/** Asking with the id of a failed turn sends that one again, in its place. */
export function transcript(turns: readonly Turn[], step: Step): readonly Turn[] {
  if (step.type === "asked") {
    const turn: Turn = { id: step.id, question: step.question, askedAt: step.at, status: "pending" };
    return turns.some(({ id }) => id === step.id) ? turns.map((each) => (each.id === step.id ? turn : each)) : [...turns, turn];
  }
  return turns.map((turn): Turn => {
    if (turn.id !== step.id || turn.status !== "pending") return turn;
    const { id, question, askedAt } = turn;
    const base = { id, question, askedAt, tookMs: step.at - askedAt };
    return step.type === "answered"
      ? { ...base, status: "answered", response: step.response, raw: step.raw }
      : { ...base, status: "failed", words: step.words };
  });
}

const UNHEARD: Words = { what: "This page was left before the answer came.", next: "Send again.", said: "", requestId: null };

/** A transcript that was kept as JSON. Where an answer was still awaited nobody hears it any more. */
export function parseTurns(value: unknown): readonly Turn[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isFields).flatMap((fields): Turn[] => {
    const { id, askedAt, tookMs } = fields;
    if (!isCount(id) || !isCount(askedAt)) return [];
    const turn = { id, askedAt, question: text(fields.question), tookMs: isCount(tookMs) ? tookMs : 0 };
    if (fields.status === "answered") return [{ ...turn, status: "answered", response: text(fields.response), raw: text(fields.raw) }];
    const said = isFields(fields.words) ? fields.words : UNHEARD;
    return [{ ...turn, status: "failed", words: { what: text(said.what), next: text(said.next), said: text(said.said), requestId: text(said.requestId) || null } }];
  });
}
