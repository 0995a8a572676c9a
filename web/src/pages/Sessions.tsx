import { useRef, useState } from "react";
import { endSession } from "../api/client.ts";
import { ApiError, words } from "../api/errors.ts";
import type { OpenSession } from "../api/types.ts";
import { plural } from "../format/number.ts";
import { PageTitle } from "../frame/PageTitle.tsx";
import { useSession } from "../session/SessionProvider.tsx";
import { sayWho } from "../session/roles.ts";
import { LeaveDialog } from "../sessions/LeaveDialog.tsx";
import { browserName, SessionItem } from "../sessions/SessionItem.tsx";
import { useSessions } from "../sessions/useSessions.ts";
import button from "../ui/Button.module.css";
import notices from "../ui/Notices.module.css";
import { useNow } from "../ui/useNow.ts";
import css from "./Sessions.module.css";

/** Where one is signed in, and the end of any of it. */
export function Sessions() {
  const session = useSession();
  const { sessions, error, again } = useSessions();
  const [ending, setEnding] = useState<string | null>(null);
  const [leaving, setLeaving] = useState(false);
  const [told, setTold] = useState({ text: "", failed: false });
  const heading = useRef<HTMLHeadingElement>(null);
  const now = useNow();

  async function end(session: OpenSession) {
    const name = browserName(session);
    setEnding(session.id);
    setTold({ text: "", failed: false });
    try {
      await endSession(session.id);
      setTold({ text: `Ended: ${name}. What it had open is closed.`, failed: false });
      heading.current?.focus();
    } catch (failure) {
      const gone = failure instanceof ApiError && failure.status === 404;
      setTold(gone ? { text: `${name} was signed out already.`, failed: false } : { text: `Not ended. ${words(failure).what} ${words(failure).next}`, failed: true });
      if (gone) heading.current?.focus();
    } finally {
      setEnding(null);
      again();
    }
  }

  return (
    <div className={css.page}>
      <PageTitle name="Sessions" />
      <h1 ref={heading} tabIndex={-1} className={css.heading}>
        Sessions
      </h1>
      {session.signin.length === 0 ? (
        <p>This console is open to everybody on its machine: nobody signs in, so there are no sessions.</p>
      ) : (
        <p className={css.sum}>
          Where <b>{sayWho(session)}</b> is signed in{sessions !== null && `: ${plural(sessions.length, "browser", "browsers")}`}. A token that a program sends is no session.
        </p>
      )}
      <p className={told.failed ? css.failed : css.told} role="status">
        {told.text}
      </p>
      {error !== null && (
        <p className={css.failed} role="alert">
          {words(error).what} {sessions ? "What is listed may be old." : words(error).next}{" "}
          <button type="button" className={button.small} onClick={again}>
            Try again
          </button>
        </p>
      )}
      {session.signin.length > 0 && sessions === null && error === null && <p className={notices.foot}>Reading your sessions…</p>}
      {session.signin.length > 0 && sessions?.length === 0 && <p>None: this page was let in without a session of its own, by a token that is sent with its requests.</p>}
      <ul className={css.list} aria-label="Sessions">
        {sessions?.map((each) => (
          <SessionItem key={each.id} session={each} now={now} ending={ending === each.id} onEnd={() => (each.current ? setLeaving(true) : void end(each))} />
        ))}
      </ul>
      {leaving && (
        <LeaveDialog onClose={() => setLeaving(false)} />
      )}
    </div>
  );
}
