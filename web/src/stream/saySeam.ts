import { count, plural, seqName } from "../format/number.ts";
import { span } from "../format/time.ts";
import { isWhole, type Seam } from "./seams.ts";

/** What a seam says: how long, how many, and whether anything is missing. */
export function saySeam(seam: Seam): string {
  switch (seam.kind) {
    case "other":
      return seam.reason === "epoch"
        ? "this is another record than before · what follows is from its history"
        : "this record is shorter than what was already seen here: it was set back · what follows is from its history";
    case "hole":
      return `${plural(seam.missing, "entry", "entries")} missing before ${seqName(seam.boundary)}`;
    case "reconnected": {
      const away = `offline ${seam.times > 1 ? `${count(seam.times)} times, ` : ""}${span(seam.offlineMs)}`;
      const missed = seam.target - seam.boundary;
      if (missed === 0) return `${away} · nothing was recorded meanwhile`;
      if (!isWhole(seam)) return `${away} · ${count(seam.recovered)} of ${plural(missed, "entry", "entries")} recovered so far`;
      return `${away} · ${plural(seam.recovered, "entry", "entries")} recovered · ${seam.missing === 0 ? "none missing" : `${count(seam.missing)} missing`}`;
    }
  }
}
