import { useEffect, useRef, useState, type Dispatch, type SetStateAction } from "react";
import { readKept, tabStorage, writeKept } from "./kept.ts";
import { useSessionDoor } from "./SessionProvider.tsx";

/**
 * A state that outlasts the way to the provider and back, where one has to sign in again: in this tab only, for the same
 * person only. While one is signed in, or has signed out oneself, nothing is kept. `parse` is given what was, or null.
 */
export function useKept<T>(name: string, parse: (kept: unknown) => T): readonly [T, Dispatch<SetStateAction<T>>] {
  const { known, owner } = useSessionDoor();
  const signedIn = known.status === "known" && known.session.principal !== null;
  const [value, setValue] = useState(() => parse(readKept(tabStorage(), name, owner)));
  const latest = useRef(value);
  latest.current = value;
  useEffect(() => {
    if (signedIn) writeKept(tabStorage(), name, null);
    if (signedIn || owner === null) return undefined;
    const leave = () => writeKept(tabStorage(), name, { owner, value: latest.current });
    window.addEventListener("pagehide", leave);
    return () => window.removeEventListener("pagehide", leave);
  }, [signedIn, owner, name]);
  return [value, setValue];
}
