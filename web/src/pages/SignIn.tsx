import { useRef, useState, type FormEvent } from "react";
import { ApiError, words } from "../api/errors.ts";
import { useSessionDoor } from "../session/SessionProvider.tsx";
import button from "../ui/Button.module.css";
import css from "./SignIn.module.css";

function explain(error: unknown): string {
  if (error instanceof ApiError && error.status === 401) return "Wrong token. It is OPERATOR_TOKEN in this console’s settings.";
  if (error instanceof ApiError && error.status === 403) return "That token may only append events. Sign in with OPERATOR_TOKEN.";
  const { what, next } = words(error);
  return `${what} ${next}`;
}

export function SignIn() {
  const { signIn, wasSignedIn } = useSessionDoor();
  const field = useRef<HTMLInputElement>(null);
  const [token, setToken] = useState("");
  const [pending, setPending] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (pending) return;
    if (token === "") {
      setFailed("Enter the token.");
      field.current?.focus();
      return;
    }
    setPending(true);
    setFailed(null);
    try {
      await signIn(token);
    } catch (error) {
      setFailed(explain(error));
      setPending(false);
      field.current?.focus();
      field.current?.select();
    }
  }

  return (
    <main className={css.page}>
      <title>Sign in · Governance Console</title>
      <form className={css.card} onSubmit={(event) => void submit(event)} noValidate>
        <div>
          <h1>Governance Console</h1>
          <p className={css.host}>{location.host}</p>
        </div>
        {wasSignedIn && <p role="status">Your session ended. Sign in to go on where you were.</p>}
        {/* What password managers file the token under. */}
        <input type="text" name="username" autoComplete="username" value="operator" readOnly hidden />
        <div className={css.field}>
          <label htmlFor="token">Operator token</label>
          <input
            ref={field}
            id="token"
            type="password"
            name="token"
            autoComplete="current-password"
            autoCapitalize="off"
            spellCheck={false}
            autoFocus
            value={token}
            onChange={(event) => setToken(event.target.value)}
            aria-invalid={failed !== null}
            aria-describedby="token-note"
          />
          <div id="token-note" className={css.note}>
            {failed === null && <p>OPERATOR_TOKEN in this console’s settings.</p>}
            <p className={css.error} role="alert">
              {failed}
            </p>
          </div>
        </div>
        <button type="submit" className={button.primary} aria-disabled={pending}>
          {pending ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </main>
  );
}
