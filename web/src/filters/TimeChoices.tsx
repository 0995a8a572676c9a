import { fromField, toField, type Zone } from "../format/time.ts";
import button from "../ui/Button.module.css";
import css from "./FilterBar.module.css";
import type { Filters } from "./filters.ts";

const HOUR_MS = 3_600_000;
const PRESETS = [
  ["15 min", HOUR_MS / 4],
  ["1 h", HOUR_MS],
  ["24 h", 24 * HOUR_MS],
  ["7 d", 7 * 24 * HOUR_MS],
] as const;

interface Props {
  readonly filters: Filters;
  readonly zone: Zone;
  readonly onChange: (to: Pick<Filters, "since" | "until">) => void;
}

/** When entries were recorded. "The last hour" is written down as the moment it began: a link must not drift. */
export function TimeChoices({ filters, zone, onChange }: Props) {
  const { since, until } = filters;
  const said = zone === "utc" ? "UTC" : "local time";
  return (
    <div className={css.times}>
      <div className={css.presets} role="group" aria-label="The last">
        <span>The last</span>
        {PRESETS.map(([name, ms]) => (
          <button key={name} type="button" className={button.small} onClick={() => onChange({ since: new Date(Date.now() - ms).toISOString(), until: "" })}>
            {name}
          </button>
        ))}
      </div>
      <label>
        from
        <input type="datetime-local" step="1" value={toField(since, zone)} onChange={(event) => onChange({ since: fromField(event.target.value, zone), until })} />
      </label>
      <label>
        until
        <input type="datetime-local" step="1" value={toField(until, zone)} onChange={(event) => onChange({ since, until: fromField(event.target.value, zone) })} />
      </label>
      <p className={css.note}>When it was recorded, in {said}.</p>
    </div>
  );
}
