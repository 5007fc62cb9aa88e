import type { StreamOutput, StreamPeer } from '../stream-output';

/** Where the entries of a peer are: all here, on their way, not coming although they are asked for, or too many to be taken. */
export type Arrival = 'complete' | 'awaited' | 'given-up' | 'overfull';

/** A peer that sends its entries more slowly is not waited for: bytes a millisecond, of memory as `HEAP_BYTES` estimates it. */
const LEAST_BYTES_PER_MS = 100;

/** How long a stream takes to come into sync, whether it has done so since the last look, and how long its owner sends nothing. */
export class SyncTiming {
  /** Whether it has ever been in sync. */
  wasSynced = false;
  /** Whether it has come into sync, and {@link tell} has not been called since. */
  hasNews = false;
  /** Whether its owner has sent nothing, or little, for so long that nobody waits for it. */
  isGivenUp = false;
  #isFirst = false;
  #fetchingSince: number | undefined;
  /** When the ask under way was sent, or last brought something; undefined while none is. */
  #askedSince: number | undefined;
  /** When to {@link giveUp}; Infinity if it need not. */
  giveUpAt = Infinity;
  /** How long asks took beyond what they have brought. Waiting for the turn to ask does not count. */
  #vainMs: number;
  /** {@link #vainMs} of earlier streams of its owner. */
  readonly #earlierMs: number;
  /** The most memory that its entries have taken. */
  #mostBytes = 0;

  readonly #peer: StreamPeer;
  readonly #output: StreamOutput;
  readonly #patienceMs: number;

  /**
   * @param patienceMs How long asks may bring nothing, in milliseconds
   * @param earlierMs What {@link lost} returned for earlier streams of this owner
   */
  constructor(peer: StreamPeer, output: StreamOutput, patienceMs: number, earlierMs: number) {
    this.#peer = peer;
    this.#output = output;
    this.#patienceMs = patienceMs;
    this.#vainMs = this.#earlierMs = earlierMs;
  }

  /** It begins to fetch; it may have begun before and been interrupted. */
  begin(now: number): void {
    this.#fetchingSince ??= now;
    this.#wait(now);
  }

  /**
   * Some of its entries came. Only what is new makes up for the time that it took: chunks may be empty, or repeat what is known.
   *
   * @param heapBytes What all of them take now, in memory.
   */
  progress(heapBytes: number, now: number): void {
    if (this.#askedSince === undefined) return;
    this.rest(now);
    const gainedMs = Math.max(0, heapBytes - this.#mostBytes) / LEAST_BYTES_PER_MS;
    this.#mostBytes = Math.max(this.#mostBytes, heapBytes);
    this.#vainMs = Math.max(0, this.#vainMs - gainedMs);
    this.#wait(now);
  }

  /** It stops fetching until its next {@link begin}. */
  rest(now: number): void {
    if (this.#askedSince !== undefined) this.#vainMs += now - this.#askedSince;
    this.#askedSince = undefined;
    this.giveUpAt = Infinity;
  }

  /** It is over. @returns How long its owner was asked in vain: all the time, if it never came into sync */
  lost(now: number): number {
    if (this.wasSynced) return this.#vainMs;
    return this.#earlierMs + (this.#fetchingSince === undefined ? 0 : now - this.#fetchingSince);
  }

  /** Nobody waits for it any more; it goes on fetching. */
  giveUp(): void {
    this.isGivenUp = true;
    this.giveUpAt = Infinity;
    const message =
      `Node '${this.#peer.node}' has announced entries and sent none or few for ${this.#patienceMs} ms (syncPatienceMs): ` +
      'synced() waits for it no more. This node goes on asking.';
    this.#output.warn('syncs-given-up', message);
  }

  /** It is in sync; {@link tell} gets the moment. */
  reach(): void {
    this.hasNews = true;
    this.#isFirst = !this.wasSynced;
    this.wasSynced = true;
    this.isGivenUp = false;
    this.#vainMs = 0;
    this.#askedSince = undefined;
    this.giveUpAt = Infinity;
  }

  /**
   * Counts and reports that it has come into sync, with the milliseconds since the first ask, 0 if there was nothing to fetch.
   *
   * @param isLive False if the same turn has shown that it is not in sync after all; then nothing is told.
   */
  tell(isLive: boolean, now: number): void {
    this.hasNews = false;
    if (!isLive) return;
    const since = this.#fetchingSince ?? now;
    this.#fetchingSince = undefined;
    if (this.#isFirst) this.#output.count('first-syncs');
    this.#output.synced(this.#peer, now - since);
  }

  #wait(now: number): void {
    this.#askedSince = now;
    if (!this.wasSynced && !this.isGivenUp)
      this.giveUpAt = now + Math.max(0, this.#patienceMs - this.#vainMs);
  }
}
