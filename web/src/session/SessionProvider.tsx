import { createContext, use, useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import * as api from "../api/client.ts";
import type { Session } from "../api/types.ts";

export type Known =
  | { readonly status: "asking" }
  | { readonly status: "unreachable"; readonly error: unknown }
  | { readonly status: "known"; readonly session: Session };

interface SessionDoor {
  readonly known: Known;
  /** Who is signed in, or was last while this page was open; null before anyone and after a deliberate sign-out. */
  readonly owner: string | null;
  /** Asks the console again who this is. Safe to call often. */
  check(): void;
  signIn(token: string): Promise<void>;
  signOut(): Promise<void>;
}

const Context = createContext<SessionDoor | null>(null);
const RETRY_MS = 3000;

export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const [known, setKnown] = useState<Known>({ status: "asking" });
  const [owner, setOwner] = useState<string | null>(null);
  const asking = useRef(false);

  const learn = useCallback((session: Session) => {
    setKnown((before) =>
      before.status === "known" && JSON.stringify(before.session) === JSON.stringify(session) ? before : { status: "known", session },
    );
    if (session.principal !== null) setOwner(session.principal);
  }, []);

  const check = useCallback(() => {
    if (asking.current) return;
    asking.current = true;
    api
      .getSession()
      .then(learn, (error: unknown) => {
        // Someone who is signed in stays so until the console says otherwise; the status line tells of the outage.
        setKnown((before) => (before.status === "known" ? before : { status: "unreachable", error }));
      })
      .finally(() => {
        asking.current = false;
      });
  }, [learn]);

  const signIn = useCallback(async (token: string) => learn(await api.signIn(token)), [learn]);

  const signOut = useCallback(async () => {
    const onward = await api.signOut();
    setOwner(null);
    if (onward === null) return learn(await api.getSession());
    // The provider would sign one in again without asking: it is told too, and has a page of its own for that.
    setKnown({ status: "asking" });
    location.assign(onward);
  }, [learn]);

  useEffect(() => {
    check();
    // A page that the browser had put away whole may show what whoever is signed in now must not see.
    const back = (event: PageTransitionEvent) => event.persisted && check();
    window.addEventListener(api.REFUSED, check);
    window.addEventListener("pageshow", back);
    return () => {
      window.removeEventListener(api.REFUSED, check);
      window.removeEventListener("pageshow", back);
    };
  }, [check]);

  useEffect(() => {
    if (known.status !== "unreachable") return undefined;
    const timer = setInterval(check, RETRY_MS);
    return () => clearInterval(timer);
  }, [known.status, check]);

  const door = useMemo(
    () => ({ known, owner, check, signIn, signOut }),
    [known, owner, check, signIn, signOut],
  );
  return <Context value={door}>{children}</Context>;
}

export function useSessionDoor(): SessionDoor {
  const door = use(Context);
  if (!door) throw new Error("useSessionDoor outside SessionProvider");
  return door;
}

/** For what is only shown once someone is known. */
export function useSession(): Session {
  const { known } = useSessionDoor();
  if (known.status !== "known") throw new Error("useSession before anyone is known");
  return known.session;
}
