import { useEffect } from "react";
import { useNavigate } from "react-router";
import { readPreference } from "../ui/preference.ts";
import { PLACES } from "./places.ts";

/** Set to "off" by those who dictate or type with aids that send single letters (WCAG 2.1.4). */
export const SHORTCUTS = "shortcuts";
/** The text filter of the page, where it has one. */
export const SEARCH_ID = "search";
/** What it filters. */
export const LIST_ID = "list";

/** How long `g` waits for its second key. */
const CHORD_MS = 1500;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

export function useShortcuts(help: () => void): void {
  const navigate = useNavigate();
  useEffect(() => {
    let chordUntil = 0;
    function pressed(event: KeyboardEvent) {
      if (event.key === "Escape" && isTyping(event.target) && !document.querySelector("dialog[open]")) {
        // Only leaves the field: some browsers would empty a search field, and what it filters with it.
        event.preventDefault();
        const field = event.target as HTMLElement;
        field.blur();
        if (field.id === SEARCH_ID) toList();
        return;
      }
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector("dialog[open]") || readPreference(SHORTCUTS) === "off") return;
      const place = Date.now() < chordUntil ? PLACES.find(({ key }) => key === event.key) : undefined;
      chordUntil = event.key === "g" ? Date.now() + CHORD_MS : 0;
      if (place) navigate(place.path);
      else if (event.key === "?") help();
      else if (event.key === "/") search();
      else return;
      event.preventDefault();
    }
    function toList() {
      const list = document.getElementById(LIST_ID);
      // A list that is gone through with the arrow keys has one row that Tab stops at.
      (list?.querySelector<HTMLElement>("[data-seq][tabindex='0']") ?? list)?.focus({ preventScroll: true });
    }
    function search() {
      const field = document.getElementById(SEARCH_ID);
      // At once where it can be: the next letter may already be on its way.
      if (field) return field.focus();
      void navigate(PLACES[0].path);
      requestAnimationFrame(() => document.getElementById(SEARCH_ID)?.focus());
    }
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [navigate, help]);
}
