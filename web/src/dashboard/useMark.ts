import { useEffect, useState } from "react";
import { readPreference, writePreference } from "../ui/preference.ts";
import { useWatcher } from "../stream/StreamProvider.tsx";
import type { Mark } from "./lines.ts";

const KEY = "last-looked";

function read(): Mark | null {
  try {
    const value: unknown = JSON.parse(readPreference(KEY) ?? "null");
    if (typeof value !== "object" || value === null) return null;
    const { epoch, seq, at } = value as Partial<Mark>;
    return typeof epoch === "string" && typeof seq === "number" && typeof at === "number" ? { epoch, seq, at } : null;
  } catch {
    return null;
  }
}

/**
 * Where this person last looked at the list, and the keeping of it: looking ends when the page is hidden or left.
 * While it is looked at, nothing counts as unseen.
 */
export function useMark(): Mark | null {
  const watcher = useWatcher();
  const [mark, setMark] = useState(read);
  useEffect(() => {
    const looking = () => document.visibilityState === "visible";
    function leave() {
      const { epoch, next, loaded } = watcher.getState();
      if (epoch !== null && loaded) writePreference(KEY, JSON.stringify({ epoch, seq: next, at: Date.now() } satisfies Mark));
    }
    function look() {
      if (looking() && watcher.getState().unseen > 0) watcher.looked();
    }
    function changed() {
      if (!looking()) return leave();
      setMark(read());
      look();
    }
    look();
    const unsubscribe = watcher.subscribe(look);
    document.addEventListener("visibilitychange", changed);
    window.addEventListener("pagehide", leave);
    return () => {
      if (looking()) leave();
      unsubscribe();
      document.removeEventListener("visibilitychange", changed);
      window.removeEventListener("pagehide", leave);
    };
  }, [watcher]);
  return mark;
}
