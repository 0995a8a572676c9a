import { stamp, type Zone } from "../format/time.ts";
import { Chip } from "./Chip.tsx";
import type { Filters } from "./filters.ts";
import { TimeChoices } from "./TimeChoices.tsx";

interface Props {
  readonly filters: Filters;
  readonly onFilters: (filters: Filters) => void;
  readonly zone: Zone;
}

function sayRange({ since, until }: Filters, zone: Zone): string {
  const say = (moment: string) => stamp(Date.parse(moment), zone, Date.now());
  if (since && until) return `${say(since)} – ${say(until)}`;
  return since ? `from ${say(since)}` : until ? `until ${say(until)}` : "";
}

export function TimeChip({ filters, onFilters, zone }: Props) {
  return (
    <Chip name="time" value={sayRange(filters, zone)}>
      <TimeChoices filters={filters} zone={zone} onChange={(to) => onFilters({ ...filters, ...to })} />
    </Chip>
  );
}
