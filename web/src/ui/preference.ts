import { useCallback, useSyncExternalStore } from "react";

/** Preferences live in local storage and nowhere else; where that is forbidden they last as long as the page. */
const fallback = new Map<string, string>();
const listeners = new Set<() => void>();

export function readPreference(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return fallback.get(key) ?? null;
  }
}

export function writePreference(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    if (value === null) fallback.delete(key);
    else fallback.set(key, value);
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

export function usePreference(key: string): readonly [string | null, (value: string | null) => void] {
  const value = useSyncExternalStore(subscribe, () => readPreference(key));
  const set = useCallback((to: string | null) => writePreference(key, to), [key]);
  return [value, set];
}
