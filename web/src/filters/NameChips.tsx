import { visible } from "../format/visible.ts";
import { Chip } from "./Chip.tsx";
import type { Filters } from "./filters.ts";
import { NameChoices } from "./NameChoices.tsx";

interface Props {
  readonly filters: Filters;
  readonly onFilters: (filters: Filters) => void;
  /** Types at hand. */
  readonly types: readonly string[];
  /** Also while they let everything through. */
  readonly always?: boolean;
}

const NONE: readonly string[] = [];

export function NameChips({ filters, onFilters, types, always = false }: Props) {
  return (
    <>
      {(always || filters.types.length > 0) && (
        <Chip name="type" value={filters.types.map(visible).join(", ")}>
          <NameChoices label="Type" hint="With a * at its end: all that begin with it." chosen={filters.types} known={types} onChosen={(chosen) => onFilters({ ...filters, types: chosen })} />
        </Chip>
      )}
      {(always || filters.traces.length > 0) && (
        <Chip name="trace" value={filters.traces.map(visible).join(", ")}>
          <NameChoices label="Trace id" chosen={filters.traces} known={NONE} onChosen={(chosen) => onFilters({ ...filters, traces: chosen })} />
        </Chip>
      )}
    </>
  );
}
