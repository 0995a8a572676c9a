import { isProblem, type EventsPage, type Item } from "../api/types.ts";
import { NONE, withErasures, withoutErased, type Erasures } from "./erasures.ts";
import type { EntryMessage, Heartbeat, StreamMessage } from "./messages.ts";
import type { Mark } from "./mark.ts";
import { lightened, toRow, type Row } from "./rows.ts";
import { recover, withSeam, type Seam } from "./seams.ts";
import { count, MINUTES, NOTHING, type Tally } from "./tally.ts";

/** Entries held for filtering; the list shows 50 of them. */
export const HELD = 2000;
/** The newest of them keep their data, so that they can be read also while the console is away. */
export const WHOLE = 50;
/** Errors and criticals held beyond those, read by themselves, so that no busy hour pushes out what wants attention. */
export const PROBLEMS_HELD = 500;

export type Link =
  | { readonly phase: "connecting" }
  | { readonly phase: "catching-up"; readonly target: number }
  | { readonly phase: "live" }
  | { readonly phase: "waiting"; readonly retryAt: number };

export interface Beat {
  readonly count: number;
  /** This browser's clock when it came. */
  readonly at: number;
  readonly time: string;
  readonly intervalSec: number;
}

export interface StreamState {
  readonly link: Link;
  readonly epoch: string | null;
  readonly size: number;
  /** The cursor: the next `seq` wanted. Every entry below it was seen, or is told as missing. */
  readonly next: number;
  /** False until the first page of history is here. */
  readonly loaded: boolean;
  /** Newest first. */
  readonly rows: readonly Row[];
  /** Newest first; not all of them before `problemsRead`. */
  readonly problems: readonly Row[];
  /** The errors and criticals from before this page was loaded are here, as far as they are held. */
  readonly problemsRead: boolean;
  /** What was erased since this page was opened. */
  readonly erasures: Erasures;
  readonly tally: Tally;
  /** The oldest entry that was counted; the list may have let go of it since. */
  readonly oldest: { readonly seq: number; readonly at: number } | null;
  /** The counts hold every entry recorded since then (ms); null while older history is being read. */
  readonly countedFrom: number | null;
  readonly historyDone: boolean;
  readonly writable: boolean;
  readonly beat: Beat | null;
  /** The newest signed note about the record, not yet checked. */
  readonly checkpoint: string | null;
  /** Why the console does not sign any more. */
  readonly refused: string | null;
  /** This browser's clock when the stream last brought anything. */
  readonly heardAt: number | null;
  /** The console's clock minus this browser's, in ms. */
  readonly clockOffset: number;
  readonly seams: readonly Seam[];
  /** Since when there is no connection (ms). */
  readonly lostAt: number | null;
  readonly unbroken: { readonly seq: number; readonly at: number } | null;
  /** Errors and criticals that came while nobody looked at the list. */
  readonly unseen: number;
  /** Up to where entries that are read back may be unseen: nobody has looked at the list since this page was loaded. */
  readonly unseenFrom: number | null;
  /** Why the log has to be read from its history again. */
  readonly lostPosition: "epoch" | "ahead" | null;
}

export type Action =
  | { readonly type: "connecting" }
  /** `mark`: where someone last looked, perhaps before this page was loaded. */
  | { readonly type: "began"; readonly page: EventsPage; readonly now: number; readonly mark: Mark | null }
  | { readonly type: "older"; readonly items: readonly Item[]; readonly done: boolean; readonly now: number }
  /** The newest errors and criticals below the `size` that history began with. */
  | { readonly type: "problems"; readonly items: readonly Item[]; readonly below: number }
  | { readonly type: "batch"; readonly messages: readonly StreamMessage[]; readonly now: number }
  | { readonly type: "down"; readonly since: number; readonly retryAt: number }
  | { readonly type: "lost-position"; readonly reason: "epoch" | "ahead" }
  /** Nothing is missing between what this browser saw before, from `seq` on, and where this page began. */
  | { readonly type: "joined"; readonly seq: number; readonly at: number; readonly begun: number }
  | { readonly type: "seams-seen" }
  | { readonly type: "looked" };

export const initial: StreamState = {
  link: { phase: "connecting" },
  epoch: null,
  size: 0,
  next: 0,
  loaded: false,
  rows: [],
  problems: [],
  problemsRead: false,
  erasures: NONE,
  tally: NOTHING,
  oldest: null,
  countedFrom: null,
  historyDone: false,
  writable: true,
  beat: null,
  checkpoint: null,
  refused: null,
  heardAt: null,
  clockOffset: 0,
  seams: [],
  lostAt: null,
  unbroken: null,
  unseen: 0,
  unseenFrom: null,
  lostPosition: null,
};

export function reduce(state: StreamState, action: Action): StreamState {
  switch (action.type) {
    case "connecting":
      // Words follow what is known: until a retry succeeds the page stays "reconnecting".
      return state.link.phase === "waiting" ? { ...state, link: { phase: "waiting", retryAt: 0 } } : state;
    case "began":
      return began(state, action.page, action.now, action.mark);
    case "older":
      return older(state, action.items, action.done, action.now);
    case "problems":
      return problemsBefore(state, action.items, action.below);
    case "batch":
      return batch(state, action.messages, action.now);
    case "down":
      return { ...state, link: { phase: "waiting", retryAt: action.retryAt }, lostAt: state.lostAt ?? action.since };
    case "lost-position":
      return { ...state, epoch: null, lostPosition: action.reason };
    case "joined":
      // A gap since then has begun the run anew.
      return state.unbroken?.seq === action.begun ? { ...state, unbroken: { seq: action.seq, at: action.at } } : state;
    case "seams-seen":
      return { ...state, seams: state.seams.map((seam) => ({ ...seam, seen: true })) };
    case "looked":
      return state.unseen === 0 && state.unseenFrom === null ? state : { ...state, unseen: 0, unseenFrom: null };
  }
}

const held = (rows: readonly Row[]): readonly Row[] => rows.slice(0, HELD).map((row, i) => (i < WHOLE ? row : lightened(row)));
const problemsOf = (rows: readonly Row[]): readonly Row[] => rows.filter((row) => isProblem(row.severity)).map(lightened);

/** Errors and criticals among rows read from history that came after someone last looked. */
const missedOf = (rows: readonly Row[], from: number | null): number =>
  from === null ? 0 : rows.filter((row) => row.seq >= from && isProblem(row.severity)).length;

function began(state: StreamState, page: EventsPage, now: number, mark: Mark | null): StreamState {
  const rows = page.items.map(toRow);
  const unseenFrom = mark?.epoch === page.epoch ? mark.seq : null;
  const seams: readonly Seam[] = state.lostPosition ? [{ kind: "other", boundary: page.size, reason: state.lostPosition }] : [];
  return {
    ...initial,
    link: state.link,
    beat: state.beat,
    checkpoint: state.checkpoint,
    refused: state.refused,
    heardAt: state.heardAt,
    clockOffset: state.clockOffset,
    writable: state.writable,
    unseen: state.epoch === null && state.lostPosition === null ? missedOf(rows, unseenFrom) : state.unseen,
    unseenFrom,
    epoch: page.epoch,
    size: page.size,
    next: page.size,
    loaded: true,
    rows: held(rows),
    oldest: rows.at(-1) ?? null,
    problems: problemsOf(rows),
    tally: count(NOTHING, rows, now + state.clockOffset),
    seams,
    unbroken: { seq: page.size, at: now },
  };
}

function problemsBefore(state: StreamState, items: readonly Item[], below: number): StreamState {
  const rows = withoutErased(items.filter((item) => item.entry.seq < below).map(toRow), state.erasures);
  const since = state.problems.filter((row) => row.seq >= below);
  const counted = missedOf(state.problems.filter((row) => row.seq < below), state.unseenFrom);
  return {
    ...state,
    problems: [...since, ...problemsOf(rows)].slice(0, PROBLEMS_HELD),
    problemsRead: true,
    unseen: state.unseen + missedOf(rows, state.unseenFrom) - counted,
  };
}

function older(state: StreamState, items: readonly Item[], done: boolean, now: number): StreamState {
  const below = state.oldest?.seq ?? 0;
  const rows = withoutErased(items.filter((item) => item.entry.seq < below).map(toRow), state.erasures);
  const oldest = rows.at(-1) ?? state.oldest;
  const wanted = now + state.clockOffset - MINUTES * 60_000;
  return {
    ...state,
    // Where the list is full it has already let go of newer entries than these.
    rows: held([...state.rows, ...rows]),
    oldest,
    tally: count(state.tally, rows, now + state.clockOffset),
    historyDone: done,
    countedFrom: done ? (oldest && oldest.seq > 0 && oldest.at > wanted ? oldest.at : 0) : null,
  };
}

function batch(state: StreamState, messages: readonly StreamMessage[], now: number): StreamState {
  let next: Draft = { ...state, heardAt: now, fresh: [] };
  for (const message of messages) next = message.kind === "entry" ? entry(next, message, now) : heartbeat(next, message);
  const { fresh, ...rest } = next;
  if (fresh.length === 0) return rest;
  const rows = fresh.reverse();
  const problems = problemsOf(rows);
  const erasures = withErasures(rest.erasures, rows);
  const left = (all: readonly Row[]): readonly Row[] => (erasures === rest.erasures ? all : withoutErased(all, erasures));
  return {
    ...rest,
    erasures,
    rows: left(held([...rows, ...rest.rows])),
    problems: left(problems.length > 0 ? [...problems, ...rest.problems].slice(0, PROBLEMS_HELD) : rest.problems),
    tally: count(rest.tally, rows, now + rest.clockOffset),
    unseen: rest.unseen + problems.length,
  };
}

interface Draft extends StreamState {
  /** Rows of this batch, oldest first. */
  readonly fresh: Row[];
}

function heartbeat(state: Draft, beat: Heartbeat): Draft {
  const time = Date.parse(beat.time);
  const after: Draft = {
    ...state,
    size: Math.max(beat.size, state.next),
    writable: beat.writable,
    checkpoint: beat.checkpoint,
    refused: beat.refused,
    beat: { count: (state.beat?.count ?? 0) + 1, at: beat.at, time: beat.time, intervalSec: beat.intervalSec },
    clockOffset: Number.isNaN(time) ? state.clockOffset : time - beat.at,
  };
  if (!beat.welcome) return beat.next > after.next ? skipped(after, beat.next, beat.at) : after;
  const behind = beat.size - after.next;
  return {
    ...after,
    link: behind > 0 ? { phase: "catching-up", target: beat.size } : { phase: "live" },
    lostAt: null,
    seams:
      state.lostAt === null
        ? after.seams
        : withSeam(after.seams, {
            kind: "reconnected",
            boundary: after.next,
            lostAt: state.lostAt,
            offlineMs: beat.at - state.lostAt,
            times: 1,
            target: beat.size,
            recovered: 0,
            missing: 0,
          }),
  };
}

function entry(state: Draft, message: EntryMessage, now: number): Draft {
  const { seq } = message.item.entry;
  if (seq < state.next) return state;
  const whole = seq > state.next ? skipped(state, seq, now) : state;
  const catchingUp = whole.link.phase === "catching-up" ? whole.link : null;
  whole.fresh.push(toRow(message.item));
  return {
    ...whole,
    next: message.next,
    size: Math.max(whole.size, message.next),
    seams: catchingUp && seq < catchingUp.target ? recover(whole.seams, 1, 0) : whole.seams,
    link: catchingUp && message.next >= catchingUp.target ? { phase: "live" } : whole.link,
  };
}

/** Entries below `seq` will not come on this socket: say so, and begin the unbroken run anew. */
function skipped(state: Draft, seq: number, now: number): Draft {
  const missing = seq - state.next;
  return {
    ...state,
    next: seq,
    unbroken: { seq, at: now },
    seams:
      state.link.phase === "catching-up"
        ? recover(state.seams, 0, missing)
        : withSeam(state.seams, { kind: "hole", boundary: seq, missing }),
  };
}
