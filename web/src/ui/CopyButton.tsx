import { useEffect, useState } from "react";
import css from "./Button.module.css";

type Outcome = "idle" | "copied" | "failed";

/** The clipboard is only offered on https and loopback; over plain http the old command still works. */
async function copy(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "hidden";
  document.body.append(area);
  const focused = document.activeElement;
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  if (!done) throw new Error("copying was refused");
}

const WORDS: Readonly<Record<Outcome, string>> = { idle: "Copy", copied: "Copied", failed: "Not copied: select it" };

interface Props {
  readonly text: string;
  /** Of what, for those who do not see what stands beside it. */
  readonly label: string;
  readonly name?: string;
}

export function CopyButton({ text, label, name = WORDS.idle }: Props) {
  const [outcome, setOutcome] = useState<Outcome>("idle");
  useEffect(() => {
    if (outcome === "idle") return undefined;
    const timer = setTimeout(() => setOutcome("idle"), 2000);
    return () => clearTimeout(timer);
  }, [outcome]);
  return (
    <button
      type="button"
      className={css.small}
      onClick={() => void copy(text).then(() => setOutcome("copied"), () => setOutcome("failed"))}
    >
      <span aria-live="polite">{outcome === "idle" ? name : WORDS[outcome]}</span> <span className="hidden">{label}</span>
    </button>
  );
}
