import { useCallback, useSyncExternalStore } from "react";

export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (changed: () => void) => {
      const list = matchMedia(query);
      list.addEventListener("change", changed);
      return () => list.removeEventListener("change", changed);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}

/** Rail at the side, or bar below. */
export const WIDE = "(min-width: 700px)";
/** Room for a panel beside the list. */
export const ROOMY = "(min-width: 1080px)";
