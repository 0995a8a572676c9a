import { parseKept, type Kept } from "../proof/keeping.ts";
import { readPreference, writePreference } from "../ui/preference.ts";
import type { Verdict } from "./verdict.ts";

export const KEPT = "checkpoint";
/** How often a check begins anew because another tab kept something meanwhile. */
const MOST_RACES = 8;

type Look = (note: string, kept: Kept | null, signal: AbortSignal) => Promise<Verdict>;
type Store = { readonly read: () => string | null; readonly write: (value: string | null) => void };

const loaded: Look = async (note, kept, signal) => (await import("./look.ts")).look(note, kept, signal);
const local: Store = { read: () => readPreference(KEPT), write: (value) => writePreference(KEPT, value) };

/**
 * Holds every checkpoint that the console shows against those before it, for as long as this browser remembers.
 * Owns the verdict, and what is kept in local storage, which it shares with other tabs.
 */
export class Witness {
  #verdict: Verdict = { status: "waiting" };
  /** The note of the newest heartbeat, so that a failed check can be tried again. */
  #shown: string | null = null;
  #busy = false;
  #turn: Promise<unknown> = Promise.resolve();
  #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  readonly #look: Look;
  readonly #store: Store;

  constructor(look: Look = loaded, store: Store = local) {
    this.#look = look;
    this.#store = store;
    this.remembered();
  }

  readonly getVerdict = (): Verdict => this.#verdict;
  readonly kept = (): Kept | null => parseKept(this.#store.read());

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  start(): () => void {
    this.#stop = new AbortController();
    return () => this.#stop.abort();
  }

  /** With every heartbeat. One check at a time: of those that come meanwhile the newest is next. */
  shown(note: string | null): void {
    const again = this.#verdict.status === "failed";
    // A browser that cannot check will not be able to a moment later.
    if (note === null || this.#busy || this.#verdict.status === "cannot" || (note === this.#shown && !again)) return;
    this.#shown = note;
    this.#busy = true;
    void this.consider(note).finally(() => {
      this.#busy = false;
    });
  }

  /** Judges a note and remembers it; a verdict of alarm stays until it is acknowledged. Never rejects. */
  consider(note: string): Promise<Verdict> {
    const turn = this.#turn.then(() => this.#judged(note));
    this.#turn = turn;
    return turn;
  }

  /** A person has read the alarm: what was kept is let go of, and the next checkpoint is a first one. */
  readonly acknowledge = (): void => {
    this.#store.write(null);
    this.#become({ status: "waiting" });
    const note = this.#shown;
    this.#shown = null;
    this.shown(note);
  };

  /** Another tab raised an alarm, or acknowledged it. */
  remembered(): void {
    const kept = this.kept();
    if (kept?.alarm) this.#become({ status: "alarm", alarm: kept.alarm, kept });
    else if (this.#verdict.status === "alarm" && this.#verdict.kept !== null) this.#become({ status: "waiting" });
  }

  async #judged(note: string): Promise<Verdict> {
    for (let race = 0; race < MOST_RACES; race += 1) {
      const stored = this.#store.read();
      const kept = parseKept(stored);
      if (kept?.alarm) return this.#become({ status: "alarm", alarm: kept.alarm, kept });
      const verdict = await this.#look(note, kept, this.#stop.signal).catch((error: unknown): Verdict => ({ status: "failed", error }));
      // Another tab's larger checkpoint, or its alarm, is never overwritten by what was found against an older one.
      if (this.#store.read() !== stored) continue;
      if (verdict.status === "verified" && verdict.kept !== kept) this.#store.write(JSON.stringify(verdict.kept));
      if (verdict.status === "alarm" && kept !== null) this.#store.write(JSON.stringify({ ...kept, alarm: verdict.alarm }));
      return this.#become(verdict);
    }
    return this.#become({ status: "failed", error: new Error("other tabs keep changing what is remembered") });
  }

  #become(verdict: Verdict): Verdict {
    this.#verdict = verdict;
    for (const listener of this.#listeners) listener();
    return verdict;
  }
}
