import { getEvents } from "../api/client.ts";
import type { Filters } from "../filters/filters.ts";
import { FRESH_HELD, NOTHING, reducePages, type Pages, type PagesAction } from "./pages.ts";

const PAGE = 200;
/** A stretch of reading down ends with this many more rows, however many answers that takes. */
const ENOUGH = 100;
/** Entries above the one that a list is opened at. */
const LEAD = 40;
/** Newer entries are asked for at most this often. */
const NEWER_EVERY_MS = 1000;

/** Where a list is to be opened: `px` past the row of `seq` at its top, or, without, with that row in its middle. */
export interface Anchor {
  readonly seq: number;
  readonly px: number | null;
}

/** Reads one selection of the record: down as far as it is scrolled, up as the record grows. Owns its pages. */
export class LogReader {
  #pages: Pages = NOTHING;
  readonly #filters: Filters;
  readonly anchor: Anchor | null;
  readonly #listeners = new Set<() => void>();
  #reading: AbortController | undefined;
  #up: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #head = 0;
  #stopped = true;

  /** Without an anchor the list begins with the newest. */
  constructor(filters: Filters, anchor: Anchor | null) {
    this.#filters = filters;
    this.anchor = anchor;
  }

  readonly getPages = (): Pages => this.#pages;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Returns what stops it. */
  start(): () => void {
    this.#stopped = false;
    if (!this.#pages.loaded) void this.#begin();
    return () => {
      this.#stopped = true;
      this.#reading?.abort();
      this.#up?.abort();
      clearTimeout(this.#timer);
      this.#timer = this.#up = this.#reading = undefined;
    };
  }

  /** Goes on after a failure or a stop, from where it got to. */
  readonly goOn = (): void => {
    if (this.#pages.loaded) this.#down();
    else void this.#begin();
  };

  /** More is wanted below; does nothing while that is under way, was stopped or failed. */
  readonly wantOlder = (): void => {
    const { looking, error, bottom } = this.#pages;
    if (this.#pages.loaded && looking === "no" && error === null && bottom !== null) this.#down();
  };

  readonly stopLooking = (): void => {
    if (this.#pages.looking !== "down" || !this.#pages.loaded) return;
    this.#reading?.abort();
    this.#dispatch({ type: "stopped" });
  };

  readonly showFresh = (): void => {
    if (this.#pages.fresh.length === 0) return;
    this.#dispatch({ type: "shown" });
    this.#wantNewer(0);
  };

  /** The record has grown to `head`. */
  grownTo(head: number): void {
    this.#head = head;
    this.#wantNewer(NEWER_EVERY_MS);
  }

  #wantNewer(delay: number): void {
    const { loaded, freshTop, fresh, size } = this.#pages;
    const behind = freshTop < Math.max(this.#head, size);
    if (this.#stopped || !loaded || this.#up || this.#timer !== undefined || !behind || fresh.length >= FRESH_HELD) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#readUp();
    }, delay);
  }

  async #readUp(): Promise<void> {
    const up = new AbortController();
    this.#up = up;
    const from = this.#pages.freshTop;
    try {
      const page = await getEvents({ from, limit: PAGE }, up.signal, this.#filters);
      // Where the list let go of its upper end meanwhile, this page does not join it.
      if (!up.signal.aborted && page.epoch === this.#pages.epoch && from === this.#pages.freshTop) this.#dispatch({ type: "newer", page });
    } catch {
      // Asked again when the record grows; that it does not answer is told where one reads on, and by the status line.
      if (this.#up === up) this.#up = undefined;
      return;
    }
    if (this.#up !== up) return;
    this.#up = undefined;
    this.#wantNewer(NEWER_EVERY_MS);
  }

  async #begin(): Promise<void> {
    this.#reading?.abort();
    const reading = new AbortController();
    this.#reading = reading;
    this.#dispatch({ type: "looking" });
    try {
      let page = await getEvents({ limit: PAGE }, reading.signal, this.#filters);
      let from = page.size;
      if (this.anchor !== null && page.next !== null && this.anchor.seq < page.next) {
        from = Math.min(page.size, this.anchor.seq + LEAD + 1);
        page = await getEvents({ limit: PAGE, before: from }, reading.signal, this.#filters);
      }
      if (reading.signal.aborted) return;
      this.#dispatch({ type: "began", page, from });
    } catch (error) {
      if (!reading.signal.aborted) this.#dispatch({ type: "failed", error });
      return;
    }
    this.#wantNewer(0);
    await this.#continueDown(reading.signal);
  }

  #down(): void {
    this.#reading?.abort();
    const reading = new AbortController();
    this.#reading = reading;
    this.#dispatch({ type: "looking" });
    void this.#continueDown(reading.signal);
  }

  /** A page may be short, even empty, and not be the end: the console looked as far as it had time for. */
  async #continueDown(signal: AbortSignal): Promise<void> {
    try {
      while (this.#pages.bottom !== null && this.#pages.found < ENOUGH) {
        const page = await getEvents({ limit: PAGE, before: this.#pages.bottom }, signal, this.#filters);
        if (signal.aborted) return;
        // What is read so far is of another record than this page, and does not join it.
        if (page.epoch !== this.#pages.epoch) return void this.#begin();
        this.#dispatch({ type: "older", page });
        this.#wantNewer(NEWER_EVERY_MS);
      }
      this.#dispatch({ type: "rested" });
    } catch (error) {
      if (!signal.aborted) this.#dispatch({ type: "failed", error });
    }
  }

  #dispatch(action: PagesAction): void {
    const pages = reducePages(this.#pages, action);
    if (pages === this.#pages) return;
    this.#pages = pages;
    for (const listener of this.#listeners) listener();
  }
}
