/** Which rows of a long list are drawn. All rows have one height, so this is arithmetic and measures nothing. */

/** Rows drawn beyond either edge, so that a quick scroll finds them there. */
const BEYOND = 12;
/** The window moves in steps, so that not every scrolled pixel draws anew. */
const STEP = 6;

export interface Drawn {
  /** First row drawn, and the one after the last. */
  readonly from: number;
  readonly to: number;
}

export function drawn(rows: number, rowPx: number, scrollTop: number, viewPx: number): Drawn {
  const first = Math.floor(Math.max(0, scrollTop) / rowPx / STEP) * STEP;
  const from = Math.max(0, Math.min(first - BEYOND, rows));
  return { from, to: Math.min(rows, first + STEP + Math.ceil(viewPx / rowPx) + BEYOND) };
}

/** Where to scroll so that row `at` can be seen whole; null where it can be already. */
export function reveal(at: number, rowPx: number, scrollTop: number, viewPx: number): number | null {
  const top = at * rowPx;
  if (top < scrollTop) return top;
  if (top + rowPx > scrollTop + viewPx) return top + rowPx - viewPx;
  return null;
}

/** Where to scroll so that row `at` is seen with what surrounds it. */
export const centre = (at: number, rowPx: number, viewPx: number): number => Math.max(0, at * rowPx - (viewPx - rowPx) / 2);
