import { useEffect, useRef } from "react";
import { useLocation } from "react-router";
import { visible } from "../format/visible.ts";
import { TokenForm } from "../session/TokenForm.tsx";
import { useSession, useSessionDoor } from "../session/SessionProvider.tsx";
import { providerAddress } from "../session/ways.ts";
import button from "../ui/Button.module.css";
import { cx } from "../ui/cx.ts";
import css from "./SignIn.module.css";

/** At whatever address was asked for: that one is there afterwards. */
export function SignIn() {
  const { owner } = useSessionDoor();
  const { signin, provider } = useSession();
  const here = useLocation();
  const byToken = signin.includes("token");
  const first = useRef<HTMLAnchorElement>(null);
  useEffect(() => first.current?.focus(), []);
  return (
    <main className={css.page}>
      <title>Sign in · Governance Console</title>
      <div className={css.card}>
        <div>
          <h1>Governance Console</h1>
          <p className={css.host}>{location.host}</p>
        </div>
        {owner !== null && (
          <p role="status">
            <b>Your session ended.</b> Sign in to go on where you were; what you typed is kept.
          </p>
        )}
        {provider && (
          <a ref={first} className={cx(button.primary, css.provider)} href={providerAddress(provider.url, here)}>
            <span>
              Continue with <bdi>{visible(provider.name)}</bdi>
            </span>
          </a>
        )}
        {provider && byToken && <p className={css.or}>or</p>}
        {byToken && <TokenForm focused={provider === null} quiet={provider !== null} />}
        {!provider && !byToken && <p role="alert">This console offers no way to sign in. Its settings say who may: OPERATOR_TOKEN, or OAUTH_CLIENT_ID.</p>}
      </div>
    </main>
  );
}
