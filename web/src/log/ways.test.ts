import { expect, test } from "vitest";
import type { EventsPage, Item } from "../api/types.ts";
import { NO_FILTERS, type Loosened } from "../filters/filters.ts";
import { sayWays, without, worthTrying, type Way } from "./ways.ts";

const loosened: Loosened = { name: "source", filters: NO_FILTERS };
const item = (seq: number): Item => ({ entry: { seq, recorded: "", principal: "", category: "tool", severity: "info", event: {} } });
const page = (next: number | null, ...items: Item[]): EventsPage => ({ epoch: "e", size: 1000, items, next });

/** A console that finds nothing in as many answers as there are, each farther down. */
function console(...answers: readonly EventsPage[]) {
  const asked: (number | undefined)[] = [];
  const ask = async (before: number | undefined): Promise<EventsPage> => {
    asked.push(before);
    const answer = answers[Math.min(asked.length, answers.length) - 1];
    if (!answer) throw new Error("no answer");
    return answer;
  };
  return { asked, ask };
}

test("an answer that is empty because it took too long is gone on from", async () => {
  const { asked, ask } = console(page(700), page(300), page(41, item(42)));
  expect(await without(loosened, ask)).toMatchObject({ name: "source", is: "found", newest: 42 });
  expect(asked).toEqual([undefined, 700, 300]);
});

test("nothing is only said of what was looked through to its first entry", async () => {
  expect(await without(loosened, console(page(700), page(null)).ask)).toMatchObject({ is: "nothing" });
  const endless = console(page(700), page(650));
  expect(await without(loosened, endless.ask)).toMatchObject({ is: "unsure", from: 650 });
  expect(endless.asked).toHaveLength(8);
});

test("a failure is not taken for nothing", async () => {
  expect(await without(loosened, console().ask)).toMatchObject({ is: "unknown" });
});

test.each<[readonly Way["is"][], string, readonly Way["is"][]]>([
  [["nothing", "found", "unknown"], "Loosen one of these:", ["found", "unknown"]],
  [["nothing", "nothing"], "No single filter is why: clear more than one.", []],
  [["nothing", "unsure"], "Which filter is why is not known:", ["unsure"]],
  [["unknown", "nothing"], "Which filter is why is not known:", ["unknown"]],
])("%j", (kinds, said, offered) => {
  const ways = kinds.map((is): Way => (is === "found" ? { ...loosened, is, newest: 4 } : is === "unsure" ? { ...loosened, is, from: 9 } : { ...loosened, is }));
  expect(sayWays(ways)).toBe(said);
  expect(worthTrying(ways).map((way) => way.is)).toEqual(offered);
});

test("the filter with the newest match behind it is offered first", () => {
  const found = (newest: number): Way => ({ ...loosened, is: "found", newest });
  expect(worthTrying([found(3), { ...loosened, is: "unknown" }, found(9)]).map((way) => (way.is === "found" ? way.newest : way.is))).toEqual([9, 3, "unknown"]);
});
