import { clock, dayName, type Zone } from "../format/time.ts";

interface Props {
  readonly ms: number;
  readonly text?: string;
  /** What `text` is in; hovering tells the other one too. */
  readonly zone?: Zone;
}

/** Local time, where nothing else is said; hovering tells the day and UTC. */
export function Time({ ms, text, zone = "local" }: Props) {
  const utc = new Date(ms).toISOString();
  const here = `${dayName(ms)} ${clock(ms)} here`;
  return (
    <time dateTime={utc} title={zone === "local" ? `${here} · ${utc}` : `${utc} · ${here}`}>
      {text ?? clock(ms)}
    </time>
  );
}
