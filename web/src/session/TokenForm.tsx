import { useRef, useState, type FormEvent } from "react";
import button from "../ui/Button.module.css";
import css from "./TokenForm.module.css";
import { useSessionDoor } from "./SessionProvider.tsx";
import { sayRefusal } from "./ways.ts";

interface Props {
  /** It is the one thing to do here, and takes the focus. */
  readonly focused: boolean;
  /** There is a way before it. */
  readonly quiet: boolean;
}

export function TokenForm({ focused, quiet }: Props) {
  const { signIn } = useSessionDoor();
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
      setFailed(sayRefusal(error, Date.now()));
      setPending(false);
      field.current?.focus();
      field.current?.select();
    }
  }

  return (
    <form className={css.form} onSubmit={(event) => void submit(event)} noValidate>
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
          autoFocus={focused}
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
      <button type="submit" className={quiet ? button.button : button.primary} aria-disabled={pending}>
        {pending ? "Signing in…" : quiet ? "Sign in with the token" : "Sign in"}
      </button>
    </form>
  );
}
