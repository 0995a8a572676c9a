import { clock, dayName } from "../format/time.ts";
import type { Seam } from "../stream/seams.ts";
import css from "../entries/EntryTable.module.css";
import type { Mark } from "../stream/mark.ts";
import { useVerdict } from "../witness/WitnessProvider.tsx";
import { isProved } from "./isProved.ts";
import { saySeam } from "../stream/saySeam.ts";

export function SeamLine({ seam }: { readonly seam: Seam }) {
  const broken = seam.kind !== "reconnected" || seam.missing > 0;
  const proved = isProved(seam, useVerdict());
  return (
    <tr className={broken ? css.broken : css.seam}>
      <td colSpan={7}>
        {saySeam(seam)}
        {proved && <span title="The checkpoints from before and after are signed, and of one history."> · verified by this browser</span>}
      </td>
    </tr>
  );
}

export function LostLine({ at }: { readonly at: number }) {
  return (
    <tr className={css.lost}>
      <td colSpan={7}>connection lost at {clock(at)}</td>
    </tr>
  );
}

export function MarkLine({ mark }: { readonly mark: Mark }) {
  return (
    <tr className={css.mark}>
      <td colSpan={7}>
        <span>new since you last looked at {clock(mark.at)} ↑</span>
      </td>
    </tr>
  );
}

export function DayLine({ at }: { readonly at: number }) {
  return (
    <tr className={css.day}>
      <td colSpan={7}>{dayName(at)}</td>
    </tr>
  );
}
