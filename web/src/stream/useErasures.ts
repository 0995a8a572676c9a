import { useMemo } from "react";
import type { Erased } from "../api/types.ts";
import { erasedAt, withoutErased } from "./erasures.ts";
import type { Row } from "./rows.ts";
import { useStream } from "./StreamProvider.tsx";

/** Rows that are kept elsewhere than in the stream's state, without what was erased meanwhile. */
export function useWithoutErased(rows: readonly Row[]): readonly Row[] {
  const erasures = useStream((state) => state.erasures);
  return useMemo(() => withoutErased(rows, erasures), [rows, erasures]);
}

/** Whose decision it was to erase that entry's data while this page was open; null while nobody did. */
export const useErasedAt = (seq: number): Erased | null => useStream((state) => erasedAt(state.erasures, seq));
