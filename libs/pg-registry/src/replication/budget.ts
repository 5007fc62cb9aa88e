import { FRAME_OVERHEAD_BYTES } from '../wire';
import type { ProtocolOptions } from '../cluster';

/** Something in memory that may be given up: a frame in a ring or a reorder buffer, an operation of which parts are missing. */
export interface Evictable {
  /** What it is charged with: its bytes and {@link OBJECT_OVERHEAD_BYTES}. */
  readonly chargedBytes: number;
  /** The budget needs the room: forget it. Called once; it must not be given back afterwards. */
  evict(): void;
}

/** That many rows are removed in a few milliseconds: docs/performance-notes.md. */
const ROWS_PER_TURN = 2000;

/** What an object around the bytes costs: without it a flood of tiny frames would be almost free. */
export const OBJECT_OVERHEAD_BYTES = 128;

/** A bounded amount of memory, shared by all streams of a node. What comes last evicts what came first. */
export class Pool {
  readonly #held = new Set<Evictable>();
  #bytes = 0;

  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes held now; never above the limit once `take` has returned. */
  get size(): number {
    return this.#bytes;
  }

  /** Charges `item`, evicting the oldest ones to make room; a thing larger than the whole pool is evicted itself. */
  take(item: Evictable): void {
    this.#held.add(item);
    this.#bytes += item.chargedBytes;
    while (this.#bytes > this.#limit) {
      const oldest = this.#held.values().next().value;
      if (oldest === undefined) return;
      this.give(oldest);
      oldest.evict();
    }
  }

  /** Takes `item` off the books; nothing if it is not on them. Call it before `chargedBytes` changes. */
  give(item: Evictable): void {
    if (this.#held.delete(item)) this.#bytes -= item.chargedBytes;
  }
}

/** What replication holds, each figure bounded by the option of like name. */
export interface ReplicationMemory {
  /** Recent own operations, kept for repair. */
  readonly ringBytes: number;
  /** Operations of peers that came before their turn. */
  readonly parkingBytes: number;
  /** Own operations not yet given to the client. */
  readonly unsentOperations: number;
}

/**
 * What the Replicators of one node share, because the node has one memory and one connection: the pools for recent and for early
 * operations, the number of operations that wait, and how many bytes the client was given and has not flushed.
 *
 * The connection starts closed. Streams send operations and chunks only while the budget is {@link ReplicationBudget.open}.
 */
export class ReplicationBudget {
  readonly ring: Pool;
  readonly parking: Pool;
  /** Operations that wait as references because the connection is not open. */
  unsentOperations = 0;

  /** The largest body that may be made. */
  maxBodyBytes: number;
  /** Whether the node is connected. */
  online = false;
  /** Whether operations and chunks may be sent: the node is connected, and the client not behind. */
  open = false;
  /** How many rows of peers may still be removed before the event loop gets its next turn. */
  rowsLeft: number;
  #unflushedBytes = 0;
  #flushingBytes = 0;
  #isFlushing = false;
  /** When a write, of whatever scope, is to be followed on its way: at most one in `lagSampleMs`. */
  sampleAt: number;

  /** @param rowsPerTurn How many rows of peers are removed in one turn of the event loop */
  constructor(
    readonly options: ProtocolOptions,
    readonly rowsPerTurn = ROWS_PER_TURN,
  ) {
    this.rowsLeft = rowsPerTurn;
    this.sampleAt = options.lagSampleMs > 0 ? -Infinity : Infinity;
    this.ring = new Pool(options.ringBytes);
    this.parking = new Pool(options.parkingBytes);
    this.maxBodyBytes = options.maxFrameBytes - FRAME_OVERHEAD_BYTES;
  }

  /** What is held now. */
  get memory(): ReplicationMemory {
    const { ring, parking, unsentOperations } = this;
    return { ringBytes: ring.size, parkingBytes: parking.size, unsentOperations };
  }

  /**
   * Sets how large a body may be for the connection; to be called before `connected`. Streams forget what they keep and cannot send
   * any more.
   */
  limitBodies(maxBodyBytes: number): void {
    this.maxBodyBytes = maxBodyBytes;
  }

  connected(): void {
    this.online = true;
    this.#forgetFlush();
  }

  disconnected(): void {
    this.online = false;
    this.#forgetFlush();
  }

  /** The event loop has had a turn. */
  beginTurn(): void {
    this.rowsLeft = this.rowsPerTurn;
  }

  /** Counts bytes that go to the client now. */
  published(bytes: number): void {
    this.#unflushedBytes += bytes;
    this.open = this.online && this.#unflushedBytes < this.options.maxUnflushedBytes;
  }

  /** True once, when half of what may be unflushed is: the caller must flush. Half, so that the connection never runs dry. */
  wantsFlush(): boolean {
    if (this.#isFlushing || this.#unflushedBytes * 2 < this.options.maxUnflushedBytes) return false;
    this.#isFlushing = true;
    this.#flushingBytes = this.#unflushedBytes;
    return true;
  }

  /** A write is being followed. */
  sampled(now: number): void {
    this.sampleAt = now + this.options.lagSampleMs;
  }

  /** The flush asked for is done: what was published before it has left. */
  flushed(): void {
    this.#unflushedBytes -= this.#flushingBytes;
    this.#flushingBytes = 0;
    this.#isFlushing = false;
    this.open = this.online && this.#unflushedBytes < this.options.maxUnflushedBytes;
  }

  #forgetFlush(): void {
    this.open = this.online && this.options.maxUnflushedBytes > 0;
    this.#unflushedBytes = 0;
    this.#flushingBytes = 0;
    this.#isFlushing = false;
  }
}
