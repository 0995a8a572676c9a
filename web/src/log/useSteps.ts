import { useEffect } from "react";

/** Where arrow keys already mean something: fields, and what scrolls by itself. */
const OWN_ARROWS = "input, textarea, select, pre, [contenteditable], dialog";

interface Steps {
  readonly newer: (() => void) | null;
  readonly older: (() => void) | null;
  readonly close: () => void;
}

/** While an entry is open: arrow keys go to the one above or below in the list, Esc closes it. */
export function useSteps({ newer, older, close }: Steps): void {
  useEffect(() => {
    function pressed(event: KeyboardEvent) {
      const { target } = event;
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      if (document.querySelector("dialog[open]")) return;
      if (event.key === "Escape") {
        // In a field it only leaves the field.
        if (!(target instanceof Element && target.matches("input, textarea, select"))) close();
        return;
      }
      const go = event.key === "ArrowUp" ? newer : event.key === "ArrowDown" ? older : undefined;
      if (go === undefined || (target instanceof Element && target.closest(OWN_ARROWS))) return;
      event.preventDefault();
      go?.();
    }
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [newer, older, close]);
}
