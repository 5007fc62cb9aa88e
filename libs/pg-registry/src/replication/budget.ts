import { FRAME_OVERHEAD_BYTES } from '../wire';
import type { ProtocolOptions } from '../cluster';

/** Something in memory that may be given up: a frame in a ring or a reorder buffer, an operation of which parts are missing. */
export interface Evictable {
  /** What it is charged with: its bytes, and what the objects around them take. */
  readonly chargedBytes: number;
  /** The budget needs the room: forget it. Called once; it must not be given back afterwards. */
  evict(): void;
}

/** That many rows are changed, removed or synced in a few milliseconds. */
const ROWS_PER_TURN = 2000;

/** To read so many bytes of a peer takes about as long as to change a row. */
export const BYTES_OF_ROW = 32;
/** To read what weighs so much (`WEIGHT`) takes about as long as to change a row. */
export const WEIGHT_OF_ROW = 16;

/** What an object around own bytes costs. */
export const OBJECT_OVERHEAD_BYTES = 128;

/**
 * What V8 takes for a copy of bytes that a peer sent, beside the bytes: without it a flood of tiny frames would be almost free.
 */
export const COPY_OVERHEAD_BYTES = 320;

/** What one holder has in a {@link Pool}. */
interface Account {
  readonly held: Set<Evictable>;
  bytes: number;
}

/**
 * A bounded amount of memory, shared by all streams of a node. When it is full, the holder of the most gives up what it took first: so
 * a peer that floods it loses its own things, and not those of others.
 */
export class Pool {
  readonly #accounts = new Map<string, Account>();
  #bytes = 0;

  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes held now; never above the limit once `take` has returned. */
  get size(): number {
    return this.#bytes;
  }

  /** Bytes that one holder has now. */
  heldBy(holder: string): number {
    return this.#accounts.get(holder)?.bytes ?? 0;
  }

  /** Charges `item` to its holder, evicting others to make room; a thing larger than the whole pool is evicted itself. */
  take(item: Evictable, holder = ''): void {
    let account = this.#accounts.get(holder);
    if (account === undefined) this.#accounts.set(holder, (account = { held: new Set(), bytes: 0 }));
    account.held.add(item);
    account.bytes += item.chargedBytes;
    this.#bytes += item.chargedBytes;
    while (this.#bytes > this.#limit) this.#evictOne();
  }

  /** Takes `item` off the books; nothing if it is not on them. Call it before `chargedBytes` changes. */
  give(item: Evictable, holder = ''): void {
    const account = this.#accounts.get(holder);
    if (account?.held.delete(item) !== true) return;
    account.bytes -= item.chargedBytes;
    this.#bytes -= item.chargedBytes;
    if (account.held.size === 0) this.#accounts.delete(holder);
  }

  /** Costs the number of holders. */
  #evictOne(): void {
    let [most, largest]: [string, Account | undefined] = ['', undefined];
    for (const [holder, account] of this.#accounts)
      if (largest === undefined || account.bytes > largest.bytes) [most, largest] = [holder, account];
    const oldest = largest?.held.values().next().value;
    if (oldest === undefined) return;
    this.give(oldest, most);
    oldest.evict();
  }
}

/** What replication holds, each figure bounded by an option. */
export interface ReplicationMemory {
  /** Recent own operations, kept for repair. */
  readonly ringBytes: number;
  /** Operations of peers that came before their turn. */
  readonly parkingBytes: number;
  /** Own operations not yet given to the client. */
  readonly unsentOperations: number;
  /** What the entries of all peers take: an upper estimate. Each peer's part is bounded by `maxPeerBytes`. */
  readonly peerBytes: number;
  /** The largest part of one peer. */
  readonly largestPeerBytes: number;
}

/** What the entries of each peer take in memory, over all scopes: upper estimates, in bytes. */
export class EntryBytes {
  readonly #byPeer = new Map<string, number>();
  /** Of all peers together. */
  total = 0;

  /** The largest part of one peer. Costs the number of peers. */
  get largest(): number {
    return Math.max(0, ...this.#byPeer.values());
  }

  /** The entries of an incarnation take so much more, or less. @returns What they take now, over all scopes */
  change(incarnation: string, difference: number): number {
    this.total += difference;
    const bytes = (this.#byPeer.get(incarnation) ?? 0) + difference;
    if (bytes === 0) this.#byPeer.delete(incarnation);
    else this.#byPeer.set(incarnation, bytes);
    return bytes;
  }
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
  /** What the entries of each peer take over all scopes, by incarnation. */
  readonly entries = new EntryBytes();
  /** Operations that wait as references because the connection is not open. */
  unsentOperations = 0;

  /** The largest body that may be made. */
  maxBodyBytes: number;
  /** Whether the node is connected. */
  online = false;
  /** Whether operations and chunks may be sent: the node is connected, and the client not behind. */
  open = false;
  /** How many rows of peers may still be changed, removed or synced before the event loop gets its next turn. */
  rowsLeft: number;
  /** Whether half of what may be unflushed is, and nobody has begun a flush. Half, so that the connection never runs dry. */
  wantsFlush = false;
  #unflushedBytes = 0;
  #flushingBytes = 0;
  #isFlushing = false;
  /** When a write, of whatever scope, is to be followed on its way: at most one in `lagSampleMs`. */
  sampleAt: number;

  /** @param rowsPerTurn How many rows of peers are changed, removed or synced in one turn of the event loop, an operation or chunk more at most */
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
    const { ring, parking, unsentOperations, entries } = this;
    return {
      ringBytes: ring.size,
      parkingBytes: parking.size,
      unsentOperations,
      peerBytes: entries.total,
      largestPeerBytes: entries.largest,
    };
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
    const { maxUnflushedBytes } = this.options;
    this.#unflushedBytes += bytes;
    this.open = this.online && this.#unflushedBytes < maxUnflushedBytes;
    this.wantsFlush = !this.#isFlushing && this.#unflushedBytes * 2 >= maxUnflushedBytes;
  }

  /** The caller flushes what was published until now. */
  beginFlush(): void {
    this.wantsFlush = false;
    this.#isFlushing = true;
    this.#flushingBytes = this.#unflushedBytes;
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
    this.published(0);
  }

  #forgetFlush(): void {
    this.#unflushedBytes = 0;
    this.#flushingBytes = 0;
    this.#isFlushing = false;
    this.published(0);
  }
}
