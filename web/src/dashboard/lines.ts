import { dayOf } from "../format/time.ts";
import type { Mark } from "../stream/mark.ts";
import type { Row } from "../stream/rows.ts";
import { placeOf, type Reconnected, type Seam } from "../stream/seams.ts";

export type Line =
  | { readonly kind: "row"; readonly row: Row }
  | { readonly kind: "seam"; readonly seam: Seam }
  /** The lower end of what a seam tells as recovered. */
  | { readonly kind: "lost"; readonly seam: Reconnected }
  | { readonly kind: "mark"; readonly mark: Mark }
  | { readonly kind: "day"; readonly at: number };

/** The list as it is drawn, newest first: rows, and between them what happened to the watching. */
export function lines(rows: readonly Row[], seams: readonly Seam[], mark: Mark | null, now: number): Line[] {
  const out: Line[] = [];
  let day = dayOf(now);
  let above = Infinity;
  for (const row of rows) {
    for (const seam of seams) {
      const under = (seq: number): boolean => row.seq < seq && seq <= above;
      if (under(placeOf(seam))) out.push({ kind: "seam", seam });
      if (seam.kind === "reconnected" && seam.target > seam.boundary && under(seam.boundary)) out.push({ kind: "lost", seam });
    }
    // Above the newest row there is nothing new to mark off.
    if (mark && above !== Infinity && row.seq < mark.seq && mark.seq <= above) out.push({ kind: "mark", mark });
    if (dayOf(row.at) !== day) {
      day = dayOf(row.at);
      out.push({ kind: "day", at: row.at });
    }
    out.push({ kind: "row", row });
    above = row.seq;
  }
  return out;
}
