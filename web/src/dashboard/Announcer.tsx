import { useEffect, useState } from "react";
import { plural } from "../format/number.ts";
import { useWatcher } from "../stream/StreamProvider.tsx";

const EVERY_MS = 10_000;

/** Tells those who listen what came, in batches: a busy stream read out entry by entry would be noise. */
export function Announcer() {
  const watcher = useWatcher();
  const [said, setSaid] = useState("");
  useEffect(() => {
    let from: number | null = null;
    const timer = setInterval(() => {
      const { loaded, next, problems } = watcher.getState();
      if (!loaded) return;
      const since = from;
      from = next;
      if (since === null || next <= since) return setSaid("");
      const bad = problems.filter((row) => row.seq >= since).length;
      setSaid(`${plural(next - since, "new entry", "new entries")}${bad > 0 ? `, ${plural(bad, "error or critical", "errors or criticals")}` : ""}`);
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [watcher]);
  return (
    <p className="hidden" role="status">
      {said}
    </p>
  );
}
