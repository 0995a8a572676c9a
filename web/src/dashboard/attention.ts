import { rank } from "../api/types.ts";
import type { Row } from "../stream/rows.ts";

/** Errors and criticals of one kind from one source, recorded by one. */
export interface Concern {
  readonly key: string;
  readonly newest: Row;
  readonly times: number;
}

/** Groups problems (newest first) recorded since `from`: the gravest first, then the most recent. */
export function concerns(problems: readonly Row[], from: number): Concern[] {
  const groups = new Map<string, { key: string; newest: Row; times: number }>();
  for (const row of problems) {
    if (row.at < from) continue;
    const key = JSON.stringify([row.severity, row.source, row.type, row.by]);
    const group = groups.get(key);
    if (group) group.times += 1;
    else groups.set(key, { key, newest: row, times: 1 });
  }
  return [...groups.values()].sort((a, b) => rank(b.newest.severity) - rank(a.newest.severity) || b.newest.seq - a.newest.seq);
}
