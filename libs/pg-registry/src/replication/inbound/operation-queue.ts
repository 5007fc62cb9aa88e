import type { RemoteOperation } from '../../table';
import { OperationReader } from '../operation-body';
import { type InboundDeps, readerOf } from '../stream-deps';
import type { StreamPeer } from '../stream-output';
import type { PeerEntries } from './peer-entries';
import { ReorderBuffer } from './reorder-buffer';

/**
 * The operations of one peer's stream that are here and not applied: the rest of the frame in hand, then those of the {@link ReorderBuffer}.
 *
 *     next in line, and the turn has room ──► in hand ── all are read ──► gone
 *     any other ──► buffered ── its turn has come ──────▲
 *
 * Operations are read when they are to be applied, and each is taken off the rows that the budget has for the turn. So the most
 * expensive frame takes as many turns of the event loop as it needs.
 */
export class OperationQueue {
  /** Reads what is left of the frame in hand; perhaps it is only its end. */
  inHand: OperationReader | undefined;
  readonly buffer: ReorderBuffer;

  readonly #peer: StreamPeer;
  readonly #entries: PeerEntries;
  readonly #deps: InboundDeps;

  constructor(peer: StreamPeer, entries: PeerEntries, deps: InboundDeps) {
    this.#peer = peer;
    this.#entries = entries;
    this.#deps = deps;
    const { parkingBytes, maxOpBytes } = deps.budget.options;
    const maxBytes = Math.floor(parkingBytes / 2);
    this.buffer = new ReorderBuffer(deps.budget.parking, peer.incarnation, maxBytes, maxOpBytes);
  }

  /** Drops what waits. */
  clear(): void {
    this.inHand = undefined;
    this.buffer.clear();
  }

  /** Whether what waits begins with the frame that contains the operation after `applied`. */
  has(applied: number): boolean {
    return this.inHand !== undefined || (this.buffer.bytes > 0 && this.buffer.has(applied + 1));
  }

  /**
   * The operation after `applied`; undefined if it is not here, or the turn has no room.
   *
   * @throws As {@link OperationReader.next} does; the rest of the frame is dropped.
   */
  next(applied: number): RemoteOperation | undefined {
    const { budget } = this.#deps;
    while (budget.rowsLeft > 0) {
      const inHand = this.inHand ?? (this.buffer.bytes > 0 ? this.#takeBuffered(applied) : undefined);
      if (inHand === undefined) return undefined;
      let operation: RemoteOperation | undefined;
      this.inHand = undefined; // unless it can be read on
      try {
        operation = inHand.next();
      } catch (error) {
        this.#entries.noteTooLarge(error);
      }
      if (operation === undefined) continue;
      this.inHand = inHand;
      budget.rowsLeft -= inHand.rows;
      if (operation.number === applied + 1) return operation;
    }
    return undefined;
  }

  #takeBuffered(applied: number): OperationReader | undefined {
    const frame = this.buffer.take(applied + 1);
    if (frame === undefined) return undefined;
    const head = { first: frame.first, count: frame.last - frame.first + 1 };
    return new OperationReader(readerOf(frame.body, this.#deps), head, this.#peer, this.#deps.pids);
  }
}
