import type { ChunkHead, SyncAsk } from '../body';
import { COPY_OVERHEAD_BYTES, type Evictable, type Pool } from '../budget';
import type { ChunkReader } from '../chunk-body';

/** Chunks that may be under way at a time: one travels while the other is merged. */
const OUTSTANDING = 2;
/** A walk without a chunk for this long is asked for again from its cursor; each time after twice as long, up to the longest. */
const FIRST_TIMEOUT_MS = 250;
const LONGEST_TIMEOUT_MS = 4000;
/** Two walks of one stream do not begin closer together than this, whatever its owner sends. */
const LEAST_INTERVAL_MS = 50;

/** A chunk, or the rest of one, that is not merged yet. */
class WaitingChunk implements Evictable {
  readonly chargedBytes: number;
  /** Where it begins. */
  readonly from: number;

  readonly #walk: SyncWalk;

  constructor(
    walk: SyncWalk,
    readonly chunk: ChunkReader,
  ) {
    this.#walk = walk;
    this.from = chunk.from;
    this.chargedBytes = chunk.bytes + COPY_OVERHEAD_BYTES;
  }

  evict(): void {
    this.#walk.drop(this);
  }
}

/** What a {@link SyncWalk} is given. */
export interface SyncWalkDeps {
  /** This node's run of the scope. */
  readonly askerRun: number;
  /** Where waiting chunks are charged to `holder`, the peer, up to `maxBytes`. */
  readonly pool: Pool;
  readonly holder: string;
  readonly maxBytes: number;
}

/**
 * The asker's side of a sync: a walk through the entries of one owner by entry number. Entries up to the cursor are known as of the
 * last applied operation; those above it cannot be trusted yet.
 *
 *     resting ── begin ──► under way ── last chunk merged ──► resting, cursor at Infinity
 *        ▲                     │
 *        └── no chunk in time ─┘ the next walk goes on at the cursor: nothing that was merged is lost
 *
 * A chunk is the picture after operation `at`, and operations above the cursor were skipped: so it is merged when applied = `at`. One
 * that came early waits. One that operations overtook is thrown away and asked for again; on one connection this does not happen,
 * because the owner sends both in order. At cursor 0 nothing is known, whatever was applied: the first chunk says what `applied` is.
 * Once so many rows were merged that other work must have its turn, a chunk or the rest of one waits, and the operations behind it with it.
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

  readonly #deps: SyncWalkDeps;

  constructor(deps: SyncWalkDeps) {
    this.#deps = deps;
  }

  /** What to send to begin a session, or to go on with it. */
  get ask(): SyncAsk {
    const { askerRun } = this.#deps;
    return { askerRun, session: this.#session, cursor: this.cursor, credit: this.#credit };
  }

  /** Begins the session with number `session`, at the cursor. */
  begin(session: number, now: number): void {
    this.#session = session;
    this.#credit = OUTSTANDING;
    this.clear();
    this.notBefore = now + LEAST_INTERVAL_MS;
    this.deadline = now + this.#timeout();
  }

  /** The session is over before its end; the next one resumes at the cursor. `timedOut`: be more patient then. */
  suspend(timedOut: boolean): void {
    if (timedOut) this.#timeouts += 1;
    this.#session = 0;
    this.clear();
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
    if (askerRun !== this.#deps.askerRun || session !== this.#session || this.#session === 0) return false;
    return from >= this.cursor && !this.#waiting.has(from) && this.#waiting.size < OUTSTANDING;
  }

  /** Whether a chunk waits, or could. */
  hasRoomFor({ from, bytes }: ChunkReader): boolean {
    const { pool, holder, maxBytes } = this.#deps;
    return this.#waiting.has(from) || pool.heldBy(holder) + bytes + COPY_OVERHEAD_BYTES <= maxBytes;
  }

  /** Keeps a wanted chunk, or what is left of it, until its turn. Returns false if there is no room: then it must be asked for again. */
  keep(chunk: ChunkReader, now: number): boolean {
    const { pool, holder } = this.#deps;
    if (!this.hasRoomFor(chunk)) return false;
    const waiting = new WaitingChunk(this, chunk);
    this.#waiting.set(chunk.from, waiting);
    pool.take(waiting, holder);
    this.#timeouts = 0;
    this.deadline = now + this.#timeout();
    return true;
  }

  /** @internal the pool needs the room. The session ends when its time is over, and the next one asks for the chunk again. */
  drop({ from }: WaitingChunk): void {
    this.#waiting.delete(from);
  }

  /** Forgets the chunks that wait. */
  clear(): void {
    for (const chunk of this.#waiting.values()) this.#deps.pool.give(chunk, this.#deps.holder);
    this.#waiting.clear();
  }

  /** The chunk at the cursor, if it is here. */
  next(): ChunkReader | undefined {
    return this.#waiting.get(this.cursor)?.chunk;
  }

  /** Whether the moment of a chunk has come: it is merged before anything else is applied. */
  isDue({ from, head }: ChunkReader, applied: number): boolean {
    return from === this.cursor && (from === 0 || head.at === applied);
  }

  /** Whether a chunk waits here whose moment has come. */
  hasDue(applied: number): boolean {
    const chunk = this.next();
    return chunk !== undefined && this.isDue(chunk, applied);
  }

  /**
   * A part of the chunk at the cursor is merged, and nothing of it waits any more. After the last part another chunk may be sent.
   * Returns whether it was the last part.
   */
  advance(chunk: ChunkReader, now: number): boolean {
    const waiting = this.#waiting.get(this.cursor);
    if (waiting !== undefined) this.#deps.pool.give(waiting, this.#deps.holder);
    this.#waiting.delete(this.cursor);
    this.cursor = chunk.from;
    if (chunk.isDone) this.#credit += 1;
    this.#timeouts = 0;
    this.deadline = now + this.#timeout();
    return chunk.isDone;
  }

  #timeout(): number {
    return Math.min(FIRST_TIMEOUT_MS * 2 ** this.#timeouts, LONGEST_TIMEOUT_MS);
  }
}
