import { useState, type ReactNode } from "react";
import { cx } from "../ui/cx.ts";
import { useDismiss } from "../ui/useDismiss.ts";
import css from "./Chip.module.css";

interface Props {
  readonly name: string;
  /** What it is set to; empty when it lets everything through. */
  readonly value: string;
  readonly children: ReactNode;
}

/** A filter: says what it is set to, opens to its choices. */
export function Chip({ name, value, children }: Props) {
  const details = useDismiss();
  const [open, setOpen] = useState(false);
  return (
    <details ref={details} className={css.chip} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className={cx(value !== "" && css.set)} title={value === "" ? undefined : `${name} ${value}`}>
        <span className={css.name}>{name}</span>
        {value !== "" && <span className={css.value}> {value}</span>}
      </summary>
      <fieldset className={css.choices}>
        <legend className="hidden">{name}</legend>
        {open && children}
      </fieldset>
    </details>
  );
}
