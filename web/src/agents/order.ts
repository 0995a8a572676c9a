import type { Source } from "../api/types.ts";
import { address, NO_FILTERS } from "../filters/filters.ts";
import { byName } from "../format/byName.ts";
import { roughly, within } from "../format/time.ts";

export const COLUMNS = ["source", "rhythm", "last", "events", "errors", "ever"] as const;
export type Column = (typeof COLUMNS)[number];

export interface Order {
  readonly by: Column;
  /** The other way round than the column's own. */
  readonly reversed: boolean;
}

export const FIRST_ORDER: Order = { by: "rhythm", reversed: false };

/** "errors", or "-errors" reversed. Lives in the URL. */
export function parseOrder(text: string | null): Order {
  const by = COLUMNS.find((column) => column === text?.replace(/^-/, ""));
  return by ? { by, reversed: text?.startsWith("-") ?? false } : FIRST_ORDER;
}

export const sayOrder = ({ by, reversed }: Order): string => (reversed ? `-${by}` : by);

/** The heard last first. */
const latest = (a: Source, b: Source): number => b.entry.seq - a.entry.seq;

/** How many times longer than usual it is silent: the most conspicuous first. */
const overdue = (source: Source): number => source.silentSec / Math.max(1, source.usualGapSec ?? Infinity);

/** Each column begins with what one looks for in it: names from A, and of the rest the most. */
const BY: Readonly<Record<Column, (a: Source, b: Source) => number>> = {
  source: (a, b) => byName(a.source, b.source),
  rhythm: (a, b) => Number(b.quiet) - Number(a.quiet) || (a.quiet && b.quiet ? overdue(b) - overdue(a) : 0),
  last: latest,
  events: (a, b) => b.hour.events - a.hour.events,
  errors: (a, b) => b.hour.errors - a.hour.errors,
  ever: (a, b) => b.events - a.events,
};

export function ordered(sources: readonly Source[], { by, reversed }: Order): Source[] {
  const way = reversed ? -1 : 1;
  return [...sources].sort((a, b) => way * BY[by](a, b) || latest(a, b));
}

/** Those that are quieter than usual, the longest overdue first. */
export const quietOnes = (sources: readonly Source[]): Source[] => ordered(sources.filter(({ quiet }) => quiet), FIRST_ORDER);

/** What it has on the record. */
export const logOf = (source: string): string => address("/log", { ...NO_FILTERS, sources: source === "" ? [] : [source] });

/** A source is judged by its own rhythm: "silent 14 min, usually within 2 min". */
export function sayRhythm({ quiet, usualGapSec }: Source, silentMs: number): string {
  if (usualGapSec === null) return "no rhythm yet";
  const usually = `usually within ${within(usualGapSec * 1000)}`;
  return quiet ? `silent ${roughly(silentMs)}, ${usually}` : usually;
}
