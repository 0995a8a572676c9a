/** Asks while the page is looked at, and again so long after each answer: a slow console is waited for, not asked twice. */
export class Poll {
  readonly #ask: (signal: AbortSignal) => Promise<void>;
  readonly #everyMs: number;
  #asking: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;

  /** `ask` settles once there is an answer or a failure. */
  constructor(ask: (signal: AbortSignal) => Promise<void>, everyMs: number) {
    this.#ask = ask;
    this.#everyMs = everyMs;
  }

  /** Returns what stops it. */
  start(): () => void {
    const seen = (): void => {
      if (document.visibilityState === "visible" && !this.#asking) this.now();
    };
    this.#running = true;
    document.addEventListener("visibilitychange", seen);
    this.now();
    return () => {
      this.#running = false;
      document.removeEventListener("visibilitychange", seen);
      this.#drop();
    };
  }

  /** Asks afresh: an answer that is still awaited is of before. */
  readonly now = (): void => {
    this.#drop();
    if (!this.#running) return;
    const asking = new AbortController();
    this.#asking = asking;
    const later = (): void => {
      if (asking.signal.aborted) return;
      this.#asking = undefined;
      this.#timer = setTimeout(() => {
        if (document.visibilityState === "visible") this.now();
      }, this.#everyMs);
    };
    this.#ask(asking.signal).then(later, later);
  };

  #drop(): void {
    this.#asking?.abort();
    this.#asking = undefined;
    clearTimeout(this.#timer);
  }
}
