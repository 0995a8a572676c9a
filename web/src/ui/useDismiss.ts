import { useEffect, useRef, type RefObject } from "react";

/** Makes a `details` behave as a menu: Esc and a press elsewhere close it, Esc giving focus back. */
export function useDismiss(): RefObject<HTMLDetailsElement | null> {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    function pressed(event: PointerEvent) {
      const element = details.current;
      if (element?.open && event.target instanceof Node && !element.contains(event.target)) element.open = false;
    }
    function key(event: KeyboardEvent) {
      const element = details.current;
      if (event.key !== "Escape" || !element?.open) return;
      element.open = false;
      if (element.contains(document.activeElement)) element.querySelector("summary")?.focus();
      event.preventDefault();
    }
    function left(event: FocusEvent) {
      const element = details.current;
      if (element?.open && event.relatedTarget instanceof Node && !element.contains(event.relatedTarget)) element.open = false;
    }
    const element = details.current;
    document.addEventListener("pointerdown", pressed);
    document.addEventListener("keydown", key, true);
    element?.addEventListener("focusout", left);
    return () => {
      document.removeEventListener("pointerdown", pressed);
      document.removeEventListener("keydown", key, true);
      element?.removeEventListener("focusout", left);
    };
  }, []);
  return details;
}
