import { useEffect, useState } from "react";
import { readMark, writeMark, type Mark } from "../stream/mark.ts";
import { useWatcher } from "../stream/StreamProvider.tsx";

/**
 * Where this person last looked at the list, and the keeping of it: looking ends when the page is hidden or left.
 * While it is looked at, nothing counts as unseen.
 */
export function useMark(): Mark | null {
  const watcher = useWatcher();
  const [mark, setMark] = useState(readMark);
  useEffect(() => {
    const looking = () => document.visibilityState === "visible";
    function leave() {
      const { epoch, next, loaded } = watcher.getState();
      if (epoch !== null && loaded) writeMark({ epoch, seq: next, at: Date.now() });
    }
    function look() {
      if (!looking()) return;
      const { unseen, unseenFrom } = watcher.getState();
      if (unseen > 0 || unseenFrom !== null) watcher.looked();
    }
    function changed() {
      if (!looking()) return leave();
      setMark(readMark());
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
