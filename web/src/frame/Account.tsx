import { useState } from "react";
import { NavLink } from "react-router";
import { words } from "../api/errors.ts";
import { nameOf } from "../session/roles.ts";
import { useSession, useSessionDoor } from "../session/SessionProvider.tsx";
import { THEMES, useTheme } from "../theme/theme.ts";
import button from "../ui/Button.module.css";
import css from "./Account.module.css";

/** Who you are, how it looks, and the way out. */
export function Account({ onHelp }: { readonly onHelp: () => void }) {
  const session = useSession();
  const { signOut } = useSessionDoor();
  const [theme, setTheme] = useTheme();
  const [leaving, setLeaving] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);

  async function leave() {
    setLeaving(true);
    setFailed(null);
    try {
      await signOut();
    } catch (error) {
      setFailed(`Signing out met a difficulty. ${words(error).what}`);
      setLeaving(false);
    }
  }

  return (
    <div className={css.account}>
      <label className={css.theme}>
        Theme
        <select value={theme} onChange={(event) => setTheme(THEMES.find((known) => known === event.target.value) ?? "system")}>
          {THEMES.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      <button type="button" className={css.plain} onClick={onHelp}>
        Shortcuts <kbd aria-hidden="true">?</kbd>
      </button>
      {session.signin.length === 0 ? (
        <p className={css.who}>
          open console
          <span>loopback only</span>
        </p>
      ) : (
        <>
          <p className={css.who}>
            <bdi>{nameOf(session)}</bdi>
            {session.role !== null && session.role !== session.principal && <span>{session.role}</span>}
          </p>
          <NavLink className={() => css.plain} to="/sessions">
            Sessions
          </NavLink>
          <button type="button" className={button.button} disabled={leaving} onClick={() => void leave()}>
            {leaving ? "Signing out…" : "Sign out"}
          </button>
          {failed !== null && <p role="alert">{failed}</p>}
        </>
      )}
    </div>
  );
}
