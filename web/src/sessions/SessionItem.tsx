import type { OpenSession } from "../api/types.ts";
import { about, roughly, stamp } from "../format/time.ts";
import { visible } from "../format/visible.ts";
import button from "../ui/Button.module.css";
import { Time } from "../ui/Time.tsx";
import css from "./SessionItem.module.css";

/** Seen since then counts as now: the console notes it every so often only. */
const JUST_NOW_MS = 60_000;

interface Props {
  readonly session: OpenSession;
  readonly now: number;
  readonly ending: boolean;
  readonly onEnd: () => void;
}

export const browserName = ({ browser }: OpenSession): string => visible(browser) || "a browser";

export function SessionItem({ session, now, ending, onEnd }: Props) {
  const name = browserName(session);
  const seen = Date.parse(session.seen);
  const expires = Date.parse(session.expires);
  return (
    <li className={css.item}>
      <div className={css.what}>
        <p className={css.browser}>
          <bdi>{name}</bdi>
          {session.current && <span className={css.here}>this browser</span>}
        </p>
        <dl className={css.facts}>
          <Fact name="began">
            <Moment ms={Date.parse(session.began)} now={now} />
          </Fact>
          <Fact name="last seen">
            {session.current || now - seen < JUST_NOW_MS ? <Moment ms={seen} now={now} text="now" /> : <Moment ms={seen} now={now} text={`${roughly(now - seen)} ago`} />}
          </Fact>
          <Fact name="expires">
            <Moment ms={expires} now={now} text={expires > now ? `in ${about(expires - now)}` : "now"} />
          </Fact>
        </dl>
      </div>
      <button type="button" className={button.button} aria-disabled={ending} onClick={() => ending || onEnd()}>
        {ending ? "Ending…" : session.current ? "Sign out" : "End"}
        <span className="hidden"> {session.current ? "of this browser" : `the session of ${name}`}</span>
      </button>
    </li>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Moment({ ms, now, text }: { readonly ms: number; readonly now: number; readonly text?: string }) {
  return Number.isNaN(ms) ? <>unknown</> : <Time ms={ms} text={text ?? stamp(ms, "local", now)} />;
}
