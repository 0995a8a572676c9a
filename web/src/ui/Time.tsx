import { clock, dayName } from "../format/time.ts";

/** Local time; hovering tells the day and UTC. */
export function Time({ ms, text }: { readonly ms: number; readonly text?: string }) {
  const utc = new Date(ms).toISOString();
  return (
    <time dateTime={utc} title={`${dayName(ms)} ${clock(ms)} here · ${utc}`}>
      {text ?? clock(ms)}
    </time>
  );
}
