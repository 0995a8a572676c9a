import type { Source } from "../api/types.ts";
import { cx } from "../ui/cx.ts";
import { AgentRow } from "./AgentRow.tsx";
import css from "./AgentsTable.module.css";
import type { Column, Order } from "./order.ts";

const HEADINGS: readonly { readonly column: Column; readonly name: string; readonly spans?: number }[] = [
  { column: "source", name: "source" },
  { column: "rhythm", name: "rhythm" },
  { column: "last", name: "last event", spans: 2 },
  { column: "events", name: "last hour" },
  { column: "errors", name: "errors" },
  { column: "ever", name: "ever" },
];
const FIRST_NUMBER = 3;

interface Props {
  readonly sources: readonly Source[];
  readonly told: number;
  readonly order: Order;
  readonly onOrder: (order: Order) => void;
}

export function AgentsTable({ sources, told, order, onOrder }: Props) {
  return (
    <table className={css.table} aria-label="Agents">
      <colgroup>
        <col className={css.source} />
        <col className={css.rhythm} />
        <col className={css.last} />
        <col className={css.when} />
        <col className={css.n} />
        <col className={css.n} />
        <col className={css.n} />
      </colgroup>
      <thead>
        <tr>
          {HEADINGS.map(({ column, name, spans = 1 }, i) => {
            const here = order.by === column;
            // Names begin at A, everything else with the most.
            const up = (column === "source") !== order.reversed;
            return (
              <th key={column} scope="col" colSpan={spans} className={cx(i >= FIRST_NUMBER && css.n)} aria-sort={here ? (up ? "ascending" : "descending") : undefined}>
                <button type="button" className={cx(css.sort, here && css.by)} onClick={() => onOrder({ by: column, reversed: here && !order.reversed })}>
                  {name}
                  <span aria-hidden="true">{here ? (up ? " ↑" : " ↓") : ""}</span>
                </button>
              </th>
            );
          })}
        </tr>
      </thead>
      <tbody>
        {sources.map((source) => (
          <AgentRow key={source.source} source={source} told={told} />
        ))}
      </tbody>
    </table>
  );
}
