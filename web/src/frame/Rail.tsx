import { NavLink } from "react-router";
import { useStream } from "../stream/StreamProvider.tsx";
import { count } from "../format/number.ts";
import { cx } from "../ui/cx.ts";
import { Account } from "./Account.tsx";
import { PLACES } from "./places.ts";
import css from "./Rail.module.css";

export function Rail({ onHelp }: { readonly onHelp: () => void }) {
  const unseen = useStream((state) => state.unseen);
  return (
    <header className={css.rail}>
      <p className={css.name}>
        Governance Console
        <span className={css.host}>{location.host}</span>
      </p>
      <nav aria-label="Pages">
        <ul>
          {PLACES.map(({ path, name, key }) => (
            <li key={path}>
              <NavLink to={path} end={path === "/"} className={({ isActive }) => cx(css.place, isActive && css.here)}>
                {name}
                {path === "/" && unseen > 0 ? (
                  <span className={css.unseen} title="errors and criticals not yet seen">
                    {count(unseen)}
                    <span className="hidden"> not yet seen</span>
                  </span>
                ) : (
                  <kbd aria-hidden="true">g {key}</kbd>
                )}
              </NavLink>
            </li>
          ))}
        </ul>
      </nav>
      <div className={css.foot}>
        <Account onHelp={onHelp} />
      </div>
    </header>
  );
}
