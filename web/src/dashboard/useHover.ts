import { useEffect, useRef, useState, type PointerEvent } from "react";

/** A pointer that lies still this long is not being read along with any more. */
const STILL_MS = 60_000;

interface Hover {
  readonly hovering: boolean;
  onMove(event: PointerEvent): void;
  onLeave(): void;
}

/**
 * Whether a mouse is being used over something. Only moving it counts: a list that grows under a parked pointer would
 * else hold still for ever, and nobody would know why.
 */
export function useHover(): Hover {
  const [hovering, setHovering] = useState(false);
  const lapse = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(lapse.current), []);
  return {
    hovering,
    onMove(event) {
      if (event.pointerType !== "mouse" || (event.movementX === 0 && event.movementY === 0)) return;
      setHovering(true);
      clearTimeout(lapse.current);
      lapse.current = setTimeout(() => setHovering(false), STILL_MS);
    },
    onLeave() {
      clearTimeout(lapse.current);
      setHovering(false);
    },
  };
}
