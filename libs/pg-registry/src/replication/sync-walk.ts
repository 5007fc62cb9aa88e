import type { ChunkHead, SyncAsk } from './body';

/** Chunks that may be under way at a time: one travels while the other is merged. */
const OUTSTANDING = 2;
/** A walk without a chunk for this long is asked for again from its cursor; each time after twice as long, up to the longest. */
const FIRST_TIMEOUT_MS = 250;
const LONGEST_TIMEOUT_MS = 4000;
/** Two walks of one stream do not begin closer together than this, whatever its owner sends. */
const LEAST_INTERVAL_MS = 50;

/** A chunk that came and is not merged yet. */
export interface WaitingChunk {
  readonly head: ChunkHead;
  /** A copy of the rows behind the head, encoded. */
  readonly rows: Uint8Array;
}

/**
 * The asker's side of a sync: a walk through the entries of one owner by entry number. Entries up to the cursor are known as of the
 * last applied operation; those above it cannot be trusted yet.
 *
 *     resting ── begin ──► under way ── last chunk merged ──► resting, cursor at Infinity
 *        ▲                     │
 *        └── no chunk in time ─┘ the next walk goes on at the cursor: nothing that was merged is lost
 *
 * Each `begin` starts a session with a number of its own, so an answer to an earlier session comes too late and is refused. At most
 * two chunks wait here. The owner's side is `sync-responder.ts`.
 */
export class SyncWalk {
  /** Entry number up to which the stream is known; 0 before the first chunk, Infinity when in sync. */
  cursor = 0;
  /** When to give the session up; Infinity while resting. */
  deadline = Infinity;
  /** The walk may not begin before this moment. */
  notBefore = -Infinity;
  #session = 0;
  #credit = 0;
  #timeouts = 0;
  readonly #waiting = new Map<number, WaitingChunk>();

  readonly #askerRun: number;

  constructor(askerRun: number) {
    this.#askerRun = askerRun;
  }

  /** What to send to begin a session, or to go on with it. */
  get ask(): SyncAsk {
    return { askerRun: this.#askerRun, session: this.#session, cursor: this.cursor, credit: this.#credit };
  }

  /** Begins the session with number `session`, at the cursor. */
  begin(session: number, now: number): void {
    this.#session = session;
    this.#credit = OUTSTANDING;
    this.#waiting.clear();
    this.notBefore = now + LEAST_INTERVAL_MS;
    this.deadline = now + this.#timeout();
  }

  /** The session is over before its end; the next one resumes at the cursor. `timedOut`: be more patient then. */
  suspend(timedOut: boolean): void {
    if (timedOut) this.#timeouts += 1;
    this.#session = 0;
    this.#waiting.clear();
    this.deadline = Infinity;
  }

  /** What was asked for is lost: ask again now, and be as impatient as at first. */
  hasten(now: number): void {
    this.#timeouts = 0;
    this.deadline = now;
  }

  /** Forgets what is known: the next session begins at the first entry. */
  restart(): void {
    this.suspend(false);
    this.cursor = 0;
  }

  /** The stream is in sync, by walking or because there was nothing to walk through. */
  finish(): void {
    this.suspend(false);
    this.cursor = Infinity;
    this.#timeouts = 0;
  }

  /** Whether this session asked for the chunk and has not got it. */
  wants({ askerRun, session, from }: ChunkHead): boolean {
    if (askerRun !== this.#askerRun || session !== this.#session || this.#session === 0) return false;
    return from >= this.cursor && !this.#waiting.has(from) && this.#waiting.size < OUTSTANDING;
  }

  /** Keeps a wanted chunk until its turn; `rows` is copied. */
  keep(head: ChunkHead, rows: Uint8Array, now: number): void {
    this.#waiting.set(head.from, { head, rows: rows.slice() });
    this.#timeouts = 0;
    this.deadline = now + this.#timeout();
  }

  /** The chunk at the cursor, if it is here. */
  next(): WaitingChunk | undefined {
    return this.#waiting.get(this.cursor);
  }

  /** The chunk at the cursor is merged, and another one may be sent. Returns whether there is more to come. */
  advance({ from, to }: ChunkHead): boolean {
    this.#waiting.delete(from);
    this.cursor = to;
    this.#credit += 1;
    return to !== Infinity;
  }

  #timeout(): number {
    return Math.min(FIRST_TIMEOUT_MS * 2 ** this.#timeouts, LONGEST_TIMEOUT_MS);
  }
}
