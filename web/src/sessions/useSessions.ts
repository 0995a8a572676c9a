import { useEffect, useState } from "react";
import { Poll } from "../agents/poll.ts";
import { getSessions } from "../api/client.ts";
import type { OpenSession } from "../api/types.ts";

/** "Last seen" is told to the minute. */
const EVERY_MS = 15_000;

interface Listed {
  readonly sessions: readonly OpenSession[] | null;
  /** Why what is listed may be old, or nothing is. */
  readonly error: unknown;
  again(): void;
}

/** Where one is signed in, asked for again every so often while the page is looked at. */
export function useSessions(): Listed {
  const [sessions, setSessions] = useState<readonly OpenSession[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [poll] = useState(
    () =>
      new Poll(async (signal) => {
        try {
          setSessions(await getSessions(signal));
          setError(null);
        } catch (failure) {
          if (!signal.aborted) setError(failure);
        }
      }, EVERY_MS),
  );
  useEffect(() => poll.start(), [poll]);
  return { sessions, error, again: poll.now };
}
