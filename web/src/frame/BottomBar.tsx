import { NavLink } from "react-router";
import { count } from "../format/number.ts";
import { useStream } from "../stream/StreamProvider.tsx";
import { cx } from "../ui/cx.ts";
import { useDismiss } from "../ui/useDismiss.ts";
import { Account } from "./Account.tsx";
import css from "./BottomBar.module.css";
import { PLACES } from "./places.ts";

export function BottomBar({ onHelp }: { readonly onHelp: () => void }) {
  const unseen = useStream((state) => state.unseen);
  const menu = useDismiss();
  return (
    <nav aria-label="Pages" className={css.bar}>
      {PLACES.map(({ path, name }) => (
        <NavLink key={path} to={path} end={path === "/"} className={({ isActive }) => cx(css.place, isActive && css.here)}>
          {/* Five places have to fit: what is left out is still read out. */}
          {name.split(" ")[0]}
          <span className="hidden">{name.replace(/^\S+/, "")}</span>
          {path === "/" && unseen > 0 && <span className={css.unseen}> {count(unseen)}<span className="hidden"> not yet seen</span></span>}
        </NavLink>
      ))}
      <details ref={menu} className={css.menu}>
        <summary className={css.place}>You</summary>
        <div
          className={css.sheet}
          onClick={(event) => {
            // What leads to another page has done its work.
            if (event.target instanceof HTMLAnchorElement && menu.current) menu.current.open = false;
          }}
        >
          <Account onHelp={onHelp} />
        </div>
      </details>
    </nav>
  );
}
