import { useState } from "react";
import { words } from "../api/errors.ts";
import { sayWho } from "../session/roles.ts";
import { useSession, useSessionDoor } from "../session/SessionProvider.tsx";
import button from "../ui/Button.module.css";
import css from "./SignIn.module.css";

/** Someone is known, and may not read the record. */
export function Refused() {
  const session = useSession();
  const { signOut, check } = useSessionDoor();
  const [failed, setFailed] = useState<string | null>(null);
  // Without one, a token comes along with each request, and there is nothing to sign out of.
  const own = session.expires !== null;
  const leave = () => signOut().catch((error: unknown) => setFailed(`Signing out met a difficulty. ${words(error).what}`));
  return (
    <main className={css.page}>
      <title>Not allowed · Governance Console</title>
      <div className={css.card}>
        <h1>You may not read this record</h1>
        <p>
          On <b>{location.host}</b> you are <b>{sayWho(session)}</b>. These pages are for a viewer or an operator.
        </p>
        <p>
          {own
            ? "Ask who runs this console to name you in OAUTH_VIEWERS or OAUTH_OPERATORS, or sign in as someone who may."
            : "Something between this browser and the console, a proxy or an extension, sends a token along with each request. Take it away, and you can sign in here."}
        </p>
        <p>
          <button type="button" className={button.button} onClick={() => (own ? void leave() : check())}>
            {own ? "Sign out" : "Try again"}
          </button>
        </p>
        {failed !== null && <p role="alert">{failed}</p>}
      </div>
    </main>
  );
}
