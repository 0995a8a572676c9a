import { useEffect, useState } from "react";
import { getSources } from "../api/client.ts";
import type { Sources } from "../api/types.ts";
import { useStream } from "../stream/StreamProvider.tsx";
import { Poll } from "./poll.ts";

interface Heard {
  readonly sources: Sources | null;
  /** Why what is shown may be old, or nothing is. */
  readonly error: unknown;
  again(): void;
}

/** Asks again every so often while the page is looked at, and at once when it is again or the console is back. */
export function useSources(everyMs: number): Heard {
  const [sources, setSources] = useState<Sources | null>(null);
  const [error, setError] = useState<unknown>(null);
  const live = useStream((state) => state.link.phase === "live");
  const [poll] = useState(
    () =>
      new Poll(async (signal) => {
        try {
          setSources(await getSources(signal));
          setError(null);
        } catch (failure) {
          if (!signal.aborted) setError(failure);
        }
      }, everyMs),
  );
  // Started anew with each change of the connection: what was told before may be old.
  useEffect(() => poll.start(), [poll, live]);
  return { sources, error, again: poll.now };
}
