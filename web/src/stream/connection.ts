/** Close codes of the telemetry stream. */
const CREDENTIAL_ENDED = 4401;
const POSITION_LOST = 4510;

const PATIENCE_MIN_MS = 10_000;
/** A console that is restarted is back within seconds: it is looked for that often, and only then more patiently. */
const FIRST_RETRIES_SEC = 1.5;
const SLOWEST_RETRY_SEC = 30;

/** The longest wait before attempt `n`, from 0: 1.5, 1.5, 2, 2, 4, 4, 8, 8, 16, 16, 30, 30 … seconds. */
const longestWait = (n: number): number => Math.min(SLOWEST_RETRY_SEC, Math.max(FIRST_RETRIES_SEC, 2 ** Math.floor(n / 2)));

/** The part of a WebSocket that is used, so that tests can stand in for the network. */
export interface Socket {
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  close(): void;
}

export interface Owner {
  /** The address to open, cursor included. Rejecting counts as a failed connect. */
  address(): Promise<string>;
  connecting(): void;
  message(text: string): void;
  /** No connection since `since`; the next attempt is at `retryAt`. `welcomed`: it had been good. */
  down(since: number, retryAt: number, welcomed: boolean): void;
  /** The credential ended. Retrying goes on, in case there is a newer one; stop it if not. */
  ended(): void;
  /** The log is another than before. The next attempt must not resume. */
  lostPosition(reason: string): void;
}

/** One stream that stays up: backoff with jitter, and a watchdog for connections that died without saying so. */
export class Connection {
  readonly #owner: Owner;
  readonly #open: (address: string) => Socket;
  readonly #random: () => number;
  #socket: Socket | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setInterval> | undefined;
  /** Attempts since the last message: what the backoff grows with. */
  #attempt = 0;
  #heardAt = 0;
  #welcomed = false;
  #patience = PATIENCE_MIN_MS;
  /** Distinguishes this run's callbacks from those of sockets already given up. */
  #run = 0;

  constructor(owner: Owner, open: (address: string) => Socket = (address) => new WebSocket(address), random = Math.random) {
    this.#owner = owner;
    this.#open = open;
    this.#random = random;
  }

  start(): void {
    this.stop();
    this.#watchdog = setInterval(() => this.#watch(), 1000);
    void this.#connect();
  }

  stop(): void {
    this.#abandon();
    clearInterval(this.#watchdog);
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  /** Asked for by a person, by `online`, or by the page coming back into view. */
  wake(): void {
    if (this.#retry === undefined) return this.#watch();
    clearTimeout(this.#retry);
    this.#retry = undefined;
    void this.#connect();
  }

  /** Silence of three heartbeats is death, but never less than ten seconds: timers of hidden pages are slow. */
  expectEvery(seconds: number): void {
    this.#patience = Math.max(PATIENCE_MIN_MS, seconds * 3000);
  }

  async #connect(): Promise<void> {
    const run = ++this.#run;
    this.#heardAt = Date.now();
    this.#welcomed = false;
    this.#owner.connecting();
    let address: string;
    try {
      address = await this.#owner.address();
    } catch {
      if (run === this.#run) this.#later(Date.now());
      return;
    }
    if (run !== this.#run) return;
    const socket = this.#open(address);
    this.#socket = socket;
    socket.onmessage = (event) => {
      this.#heardAt = Date.now();
      this.#welcomed = true;
      this.#attempt = 0;
      if (typeof event.data === "string") this.#owner.message(event.data);
    };
    socket.onclose = (event) => this.#closed(event.code, event.reason);
  }

  #closed(code: number, reason: string): void {
    if (code === CREDENTIAL_ENDED) this.#owner.ended();
    if (code === POSITION_LOST) this.#owner.lostPosition(reason);
    // A computer that slept learns on waking that its connection is gone; it was so since it heard the last.
    const slept = Date.now() - this.#heardAt > this.#patience;
    this.#later(slept ? this.#heardAt : Date.now());
  }

  #later(since: number): void {
    this.#abandon();
    // Anywhere between one second and the longest, so that those who were cut off together do not come back together.
    const delay = 1000 * (1 + this.#random() * (longestWait(this.#attempt) - 1));
    this.#attempt += 1;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      void this.#connect();
    }, delay);
    this.#owner.down(since, Date.now() + delay, this.#welcomed);
  }

  #watch(): void {
    const connecting = this.#retry === undefined;
    if (connecting && Date.now() - this.#heardAt > this.#patience) this.#later(this.#heardAt);
  }

  #abandon(): void {
    this.#run += 1;
    if (!this.#socket) return;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    // The closing handshake of a dead link may take minutes; nothing waits for it.
    this.#socket.close();
    this.#socket = null;
  }
}
