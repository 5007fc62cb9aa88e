import type { Endpoint } from './endpoint';

/** How much longer to wait after a new peer, besides a millisecond per peer: more may follow. */
const AFTER_MEETING_MS = 50;
/** However many peers come, they postpone the end by this much at most: one peer can begin a new life again and again. */
const LONGEST_EXTENSION_MS = 2000;

/**
 * Whether the peers have had the time to answer this node's discover after a connect. Nobody knows how many will answer, so it takes
 * `settleMs`, and a little longer after each new peer, up to two seconds.
 */
export class InitialDiscovery {
  isOver = false;
  /** When it is over; Infinity while disconnected, and once it is. */
  nextDeadline = Infinity;
  #latestEnd = Infinity;

  readonly #endpoint: Endpoint;
  readonly #peers: ReadonlyMap<string, unknown>;

  constructor(endpoint: Endpoint, peers: ReadonlyMap<string, unknown>) {
    this.#endpoint = endpoint;
    this.#peers = peers;
  }

  /** The discover was sent. */
  begin(): void {
    this.isOver = false;
    this.nextDeadline = this.#endpoint.now + this.#endpoint.options.settleMs;
    this.#latestEnd = this.nextDeadline + LONGEST_EXTENSION_MS;
  }

  /** A new peer was admitted. */
  met(): void {
    if (this.nextDeadline === Infinity) return;
    const soonest = this.#endpoint.now + AFTER_MEETING_MS + this.#peers.size;
    this.nextDeadline = Math.min(Math.max(this.nextDeadline, soonest), this.#latestEnd);
  }

  disconnected(): void {
    this.isOver = false;
    this.nextDeadline = Infinity;
  }

  tick(): void {
    if (this.#endpoint.now < this.nextDeadline) return;
    this.isOver = true;
    this.nextDeadline = Infinity;
  }
}
