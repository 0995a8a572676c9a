import type { EventsPage } from "../api/types.ts";
import type { Loosened } from "../filters/filters.ts";

/** Answers asked for one filter. An empty one may only mean that the console looked for as long as it may. */
const MOST_ANSWERS = 8;

/** What there is without one of the filters: the newest match, nothing, nothing as far as it was looked, or no answer. */
export type Way = Loosened &
  (
    | { readonly is: "found"; readonly newest: number }
    | { readonly is: "nothing" }
    | { readonly is: "unsure"; readonly from: number }
    | { readonly is: "unknown" }
  );

/** `ask` reads the newest match below a number, or of all. Never rejects. */
export async function without(loosened: Loosened, ask: (before: number | undefined) => Promise<EventsPage>): Promise<Way> {
  try {
    let before: number | undefined;
    for (let answers = 0; answers < MOST_ANSWERS; answers += 1) {
      const { items, next } = await ask(before);
      const newest = items[0]?.entry.seq;
      if (newest !== undefined) return { ...loosened, is: "found", newest };
      if (next === null) return { ...loosened, is: "nothing" };
      before = next;
    }
    return { ...loosened, is: "unsure", from: before ?? 0 };
  } catch {
    return { ...loosened, is: "unknown" };
  }
}

/** Those worth offering: the one with the newest match first, those that nobody knows about last. */
export function worthTrying(ways: readonly Way[]): Way[] {
  const place = (way: Way): number => (way.is === "found" ? way.newest : -1);
  return ways.filter((way) => way.is !== "nothing").sort((a, b) => place(b) - place(a));
}

/** What follows on "Nothing matches". */
export function sayWays(ways: readonly Way[]): string {
  if (ways.some((way) => way.is === "found")) return "Loosen one of these:";
  if (ways.every((way) => way.is === "nothing")) return "No single filter is why: clear more than one.";
  return "Which filter is why is not known:";
}
