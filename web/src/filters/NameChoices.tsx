import { useState, type FormEvent } from "react";
import { byName } from "../format/byName.ts";
import { visible } from "../format/visible.ts";
import button from "../ui/Button.module.css";
import css from "./FilterBar.module.css";
import { toggled } from "./toggled.ts";

interface Props {
  /** What is asked for: the field's label. */
  readonly label: string;
  readonly hint?: string;
  readonly chosen: readonly string[];
  /** Some that are known to exist. */
  readonly known: readonly string[];
  readonly onChosen: (chosen: readonly string[]) => void;
}

/** Names that are too many to list: those at hand, and a field for any other. */
export function NameChoices({ label, hint, chosen, known, onChosen }: Props) {
  const [name, setName] = useState("");
  function add(event: FormEvent) {
    event.preventDefault();
    const wanted = name.trim();
    if (wanted !== "" && !chosen.includes(wanted)) onChosen([...chosen, wanted]);
    setName("");
  }
  const names = [...new Set([...chosen, ...known])].sort(byName);
  return (
    <>
      <form className={css.add} onSubmit={add}>
        <input type="text" aria-label={label} placeholder={label} autoCapitalize="off" spellCheck={false} value={name} onChange={(event) => setName(event.target.value)} />
        <button type="submit" className={button.button}>
          Add
        </button>
      </form>
      {hint && <p className={css.note}>{hint}</p>}
      {names.map((each) => (
        <label key={each}>
          <input type="checkbox" checked={chosen.includes(each)} onChange={() => onChosen(toggled(chosen, each))} />
          <bdi className={css.source}>{visible(each)}</bdi>
        </label>
      ))}
    </>
  );
}
