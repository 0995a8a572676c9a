import { getEvents } from "../api/client.ts";
import type { EventsPage, Item } from "../api/types.ts";
import { NO_FILTERS } from "../filters/filters.ts";
import { Connection } from "./connection.ts";
import { readMark } from "./mark.ts";
import { parseMessage, type StreamMessage } from "./messages.ts";
import { initial, PROBLEMS_HELD, reduce, type Action, type StreamState } from "./reducer.ts";
import { forgetRun, keepRun, readRun, type Run } from "./run.ts";
import { MINUTES } from "./tally.ts";

const FIRST_PAGE = 100;
const OLDER_PAGE = 1000;
/** The half hour is read back this far; a busier one says from when it counts. */
const OLDER_PAGES = 6;
/** How soon errors and criticals are asked for again that could not be read: until then nobody can say that nothing was wrong. */
const PROBLEMS_AGAIN_MS = 5000;
/** A page in the background gets no animation frames; it is brought up to date this often instead. */
const HIDDEN_FLUSH_MS = 1000;
/** Beyond this a queue is worked off at once, so that recovering a million entries needs no memory for them. */
const LONGEST_QUEUE = 2000;

/** Watches the record: history first, then the stream, resumed for as long as the page lives. Owns the state. */
export class Watcher {
  #state = initial;
  readonly #listeners = new Set<() => void>();
  readonly #connection: Connection;
  readonly #checkSession: () => void;
  #queue: StreamMessage[] = [];
  #frame = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reading: AbortController | undefined;

  /** `checkSession` is asked whenever a failure may mean "signed out". */
  constructor(checkSession: () => void) {
    this.#checkSession = checkSession;
    this.#connection = new Connection({
      address: () => this.#address(),
      connecting: () => this.#dispatch({ type: "connecting" }),
      message: (text) => this.#received(text),
      down: (since, retryAt, welcomed) => {
        this.#flush();
        this.#dispatch({ type: "down", since, retryAt });
        if (!welcomed) this.#checkSession();
      },
      ended: () => this.#checkSession(),
      lostPosition: (reason) => {
        this.#reading?.abort();
        this.#dispatch({ type: "lost-position", reason: reason === "ahead" ? "ahead" : "epoch" });
      },
    });
  }

  readonly getState = (): StreamState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly retryNow = (): void => this.#connection.wake();

  readonly seamsSeen = (): void => this.#dispatch({ type: "seams-seen" });

  readonly looked = (): void => this.#dispatch({ type: "looked" });

  /** Returns what stops it. */
  start(): () => void {
    const seen = (): void => {
      // Going out of sight too: the frame that was asked for will not come, and nothing else would be armed after it.
      this.#flush();
      this.#keep();
      if (document.visibilityState === "visible") this.#connection.wake();
    };
    window.addEventListener("online", this.retryNow);
    document.addEventListener("visibilitychange", seen);
    this.#connection.start();
    return () => {
      window.removeEventListener("online", this.retryNow);
      document.removeEventListener("visibilitychange", seen);
      this.#reading?.abort();
      this.#connection.stop();
      this.#flush();
    };
  }

  async #address(): Promise<string> {
    if (this.#state.epoch === null) await this.#begin();
    const { epoch, next } = this.#state;
    const query = new URLSearchParams({ from: String(next), epoch: epoch ?? "" });
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    return `${scheme}://${location.host}/api/ws/telemetry?${query}`;
  }

  async #begin(): Promise<void> {
    this.#reading?.abort();
    const reading = new AbortController();
    this.#reading = reading;
    const page = await getEvents({ limit: FIRST_PAGE }, reading.signal);
    reading.signal.throwIfAborted();
    this.#dispatch({ type: "began", page, now: Date.now(), mark: readMark() });
    void this.#readProblems(page.size, reading.signal);
    const run = readRun();
    const known = run !== null && run.epoch === page.epoch && run.next <= page.size;
    // The log was set back, or is another: what was seen of it is not in it any more.
    if (!known) forgetRun();
    void this.#readBack(page.next, reading.signal, known ? run : null);
  }

  /** By themselves: there may be any number of others between them. */
  async #readProblems(below: number, signal: AbortSignal): Promise<void> {
    try {
      const items: Item[] = [];
      let before: number | null = below;
      for (let pages = 0; before !== null && items.length < PROBLEMS_HELD && pages < OLDER_PAGES; pages += 1) {
        const page: EventsPage = await getEvents({ limit: PROBLEMS_HELD, before }, signal, { ...NO_FILTERS, severity: "error" });
        if (signal.aborted || page.epoch !== this.#state.epoch) return;
        items.push(...page.items);
        before = page.next;
      }
      this.#dispatch({ type: "problems", items, below });
    } catch {
      if (signal.aborted) return;
      const again = setTimeout(() => void this.#readProblems(below, signal), PROBLEMS_AGAIN_MS);
      signal.addEventListener("abort", () => clearTimeout(again), { once: true });
    }
  }

  /** Back half an hour, and to what this browser has seen before, so that its run goes on. */
  async #readBack(before: number | null, signal: AbortSignal, run: Run | null): Promise<void> {
    const begun = this.#state.next;
    try {
      for (let page = 0; ; page += 1) {
        const wanted = Date.now() + this.#state.clockOffset - MINUTES * 60_000;
        const reached = this.#state.oldest?.at ?? 0;
        const joined = run === null || (this.#state.oldest?.seq ?? 0) <= run.next;
        if (run && joined) this.#dispatch({ type: "joined", seq: run.seq, at: run.at, begun });
        if (before === null || page === OLDER_PAGES || (reached < wanted && joined)) break;
        const older = await getEvents({ limit: OLDER_PAGE, before }, signal);
        if (signal.aborted || older.epoch !== this.#state.epoch) return;
        before = older.next;
        this.#dispatch({ type: "older", items: older.items, done: false, now: Date.now() });
      }
    } catch {
      // The counts then say from when they are complete; the list has its first page.
    }
    if (!signal.aborted) this.#dispatch({ type: "older", items: [], done: true, now: Date.now() });
  }

  /** Until older history is read nobody knows where the run began. */
  #keep(): void {
    const { epoch, unbroken, next, historyDone } = this.#state;
    if (epoch !== null && unbroken && historyDone) keepRun({ epoch, ...unbroken, next });
  }

  #received(text: string): void {
    const message = parseMessage(text, Date.now());
    if (!message) return;
    if (message.kind === "heartbeat") this.#connection.expectEvery(message.intervalSec);
    this.#queue.push(message);
    if (this.#queue.length >= LONGEST_QUEUE) return this.#flush();
    if (this.#frame || this.#timer !== undefined) return;
    if (document.visibilityState === "hidden") this.#timer = setTimeout(() => this.#flush(), HIDDEN_FLUSH_MS);
    else this.#frame = requestAnimationFrame(() => this.#flush());
  }

  #flush(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = 0;
    this.#timer = undefined;
    if (this.#queue.length === 0) return;
    const messages = this.#queue;
    this.#queue = [];
    this.#dispatch({ type: "batch", messages, now: Date.now() });
    if (messages.some((message) => message.kind === "heartbeat")) this.#keep();
  }

  #dispatch(action: Action): void {
    const state = reduce(this.#state, action);
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
