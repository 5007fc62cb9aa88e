import type { RemoteCause, ScopeDigest } from '../../cluster';
import { type Diff, type RemoteEntries, type RemoteOperation, sameDigest } from '../../table';
import { quoteText } from '../../term';
import { HeapLimitError, WeightLimitError } from '../../wire';
import type { ChunkHead } from '../body';
import { ChunkReader, MAX_CHUNK_ROWS } from '../chunk-body';
import { type InboundDeps, readerOf } from '../stream-deps';
import type { StreamPeer } from '../stream-output';

/** How long a peer whose entries took too much is not asked for them again, unless it has far fewer: longer each time. */
const FIRST_REST_MS = 30_000;
const LONGEST_REST_MS = 600_000;
/** It has far fewer when it has at most this share of those with which it took too much. */
const FAR_FEWER = 0.75;

/**
 * A part of a chunk costs as many turns' rows. Two, because an ordinary chunk of 2,000 rows with short keys costs that: in parts, each
 * chunk of a large sync would take a turn more.
 */
const PART_TURNS = 2;

/** What an operation removes may cost as many turns' rows. Keys of the default `maxKeyBytes` that are no arrays never do. */
const MOST_LEAVE_TURNS = 5;

/** Why the entries of a peer are too many: their number, the memory that they take, or several under a key where one is allowed. */
export type Excess = 'number' | 'memory' | 'keys';

/** What is remembered of a peer whose entries took too much memory, or repeated a key. */
interface Refusal {
  /** How many it had: those that were here, or what it said first if one frame alone was too large. */
  count: number | undefined;
  readonly until: number;
}

/**
 * The entries of one peer in this node's table. Every change of them comes out as its exact diff, and what they take in memory is
 * counted in the budget.
 *
 * Beyond `maxEntriesPerPeer`, or beyond `maxPeerBytes` over all scopes, none of them are kept. They are asked for again when the peer
 * says that it has few enough, or, if it was their size, after half a minute, which doubles up to ten minutes.
 */
export class PeerEntries {
  /** They themselves. After changing them call {@link takeStock}, once for all changes of a frame. */
  readonly rows: RemoteEntries;
  #countedBytes = 0;
  /** The entries of one frame alone would take more than all may. */
  #isTooLarge = false;
  /** It has several entries under a key, where every node has one at most. */
  #isRepeated = false;
  #refusal: Refusal | undefined;
  #restMs = FIRST_REST_MS;

  readonly #peer: StreamPeer;
  readonly #deps: InboundDeps;

  constructor(peer: StreamPeer, deps: InboundDeps) {
    this.#peer = peer;
    this.#deps = deps;
    this.rows = deps.table.remote(peer.incarnation);
  }

  /** Whether the table holds the same entries as `theirs` says of the same moment. */
  agreeWith(theirs: ScopeDigest): boolean {
    return sameDigest(this.rows.digest(), theirs);
  }

  /** As {@link agreeWith}, with a warning if it does not. */
  check(theirs: ScopeDigest): boolean {
    const agree = this.agreeWith(theirs);
    if (!agree) this.#deps.output.differs(this.#peer, theirs);
    return agree;
  }

  /**
   * Applies an operation, see `RemoteEntries.apply`. Call {@link takeStock} afterwards.
   *
   * @throws WeightLimitError if what leaves has keys so large that it must be synced instead, which takes several turns
   */
  apply(operation: RemoteOperation, cursor: number): void {
    const { budget } = this.#deps;
    const cost = this.rows.extraCostOf(operation);
    if (cost > budget.rowsPerTurn * MOST_LEAVE_TURNS)
      throw new WeightLimitError('entries leave whose keys are too large to be removed in one turn');
    budget.rowsLeft -= cost;
    const diff = this.rows.apply(operation, cursor);
    if (this.#deps.onePerKey === true) this.#noteRepeated(diff);
    this.#deps.output.diff(diff, 'peer');
  }

  /** Reads the rows of a chunk. @param rows They keep this memory until they have been merged */
  chunk(head: ChunkHead, rows: Uint8Array): ChunkReader {
    return new ChunkReader(readerOf(rows, this.#deps), head, this.#peer, this.#deps.pids);
  }

  /**
   * Turns the entries in the range of a chunk's next part into those of the part. An ordinary chunk is one part; one that is expensive to
   * read, or in whose range many entries leave, has several. Call {@link takeStock} afterwards.
   *
   * @param canWait Whether there is room for the rest. If not, its owner, who answers within a budget, has to send the rest again. So an
   *     expensive chunk is one part all the same, which takes tens of milliseconds at most, and in the range of a part at least as many
   *     entries leave as a chunk may have.
   * @throws DecodeError
   */
  merge(chunk: ChunkReader, canWait: boolean): void {
    const { budget } = this.#deps;
    const most = budget.rowsPerTurn * PART_TURNS;
    // Of these, as many may be in the chunk as it may have.
    const known = canWait ? most : Math.max(most, 2 * MAX_CHUNK_ROWS);
    const { count: before, extraCost } = this.rows;
    try {
      const part = chunk.next(this.rows.numberOf(known, chunk.from), canWait ? most : Infinity);
      const diff = this.rows.merge(part);
      if (this.#deps.onePerKey === true) this.#noteRepeated(diff);
      this.#deps.output.diff(diff, 'sync');
      const left = before + part.rows.length - this.rows.count;
      budget.rowsLeft -= chunk.cost + left + this.rows.extraCost - extraCost;
    } catch (error) {
      // No node registers a value that weighs so much, so it would not become lighter.
      if (error instanceof WeightLimitError) this.#isTooLarge = true;
      else this.noteTooLarge(error);
    }
  }

  /** Removes all of them, and takes them off the books of the budget: they leave at once, or in the next turns. */
  remove(cause: RemoteCause): void {
    this.#deps.removals.begin(this.rows, cause);
    this.release();
  }

  /** Counts what they take now. Returns why they are too many; undefined if they are not. */
  takeStock(): Excess | undefined {
    const { entries, options } = this.#deps.budget;
    const { count, heapBytes } = this.rows.size;
    const bytesOfPeer = entries.change(this.#peer.incarnation, heapBytes - this.#countedBytes);
    this.#countedBytes = heapBytes;
    if (count > options.maxEntriesPerPeer) return 'number';
    if (this.#isRepeated) return 'keys';
    return this.#isTooLarge || bytesOfPeer > options.maxPeerBytes ? 'memory' : undefined;
  }

  /** They are too many: removes all of them, with a warning. */
  refuse(excess: Excess, now: number): void {
    const { maxEntriesPerPeer, maxPeerBytes } = this.#deps.budget.options;
    const what = {
      number: `more than ${maxEntriesPerPeer} entries (maxEntriesPerPeer)`,
      memory: `entries that take more than ${maxPeerBytes} bytes of memory (maxPeerBytes)`,
      keys: 'several entries under one key, where every node has one at most',
    };
    const message = `Node ${quoteText(this.#peer.node)} has ${what[excess]}: none of them are shown in this scope.`;
    this.#deps.output.warn('overfull', message);
    const count = this.#isTooLarge ? undefined : this.rows.count;
    this.#isTooLarge = false;
    this.#isRepeated = false;
    this.#refusal = excess === 'number' ? undefined : { count, until: now + this.#restMs };
    if (excess !== 'number') this.#restMs = Math.min(this.#restMs * 2, LONGEST_REST_MS);
    this.remove('peer');
  }

  /** Whether refused entries may be asked for again, by what the peer says of them now. */
  mayReturn({ count }: ScopeDigest, now: number): boolean {
    if (this.#refusal === undefined) return true;
    this.#refusal.count ??= count;
    return now >= this.#refusal.until || count <= this.#refusal.count * FAR_FEWER;
  }

  #noteRepeated(diff: Diff): void {
    const { table } = this.#deps;
    this.#isRepeated ||= diff.some(
      ({ kind, key }) => kind === 'join' && table.hasSeveral(key, this.rows.owner),
    );
  }

  /** Takes them off the books of the budget: the table goes, and they with it. */
  release(): void {
    this.#deps.budget.entries.change(this.#peer.incarnation, -this.#countedBytes);
    this.#countedBytes = 0;
  }

  /** What was being read takes more memory than all entries may. Call {@link takeStock} afterwards. @throws The error if it is another one */
  noteTooLarge(error: unknown): void {
    if (!(error instanceof HeapLimitError)) throw error;
    this.#isTooLarge = true;
  }
}
