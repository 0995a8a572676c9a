import { useCallback, useEffect, useState } from "react";
import { getSources } from "../api/client.ts";
import type { Sources } from "../api/types.ts";
import { useStream } from "../stream/StreamProvider.tsx";

const EVERY_MS = 10_000;

interface Heard {
  readonly sources: Sources | null;
  /** Why what is shown may be old, or nothing is. */
  readonly error: unknown;
  again(): void;
}

/** Asks again every so often while the page is looked at, and at once when it is again or the console is back. */
export function useSources(): Heard {
  const [sources, setSources] = useState<Sources | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [asked, setAsked] = useState(0);
  const live = useStream((state) => state.link.phase === "live");
  const again = useCallback(() => setAsked((n) => n + 1), []);

  useEffect(() => {
    const asking = new AbortController();
    getSources(asking.signal).then(
      (told) => {
        setSources(told);
        setError(null);
      },
      (failure: unknown) => {
        if (!asking.signal.aborted) setError(failure);
      },
    );
    return () => asking.abort();
  }, [asked, live]);

  useEffect(() => {
    const look = () => {
      if (document.visibilityState === "visible") again();
    };
    const timer = setInterval(look, EVERY_MS);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [again]);
  return { sources, error, again };
}
