import type { Zone } from "../format/time.ts";
import { usePreference } from "./preference.ts";

/** By whose clock the Log tells times. Remembered. */
export function useZone(): readonly [Zone, (zone: Zone) => void] {
  const [stored, store] = usePreference("zone");
  return [stored === "utc" ? "utc" : "local", (zone) => store(zone === "utc" ? "utc" : null)];
}
