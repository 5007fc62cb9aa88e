import type { Endpoint } from './endpoint';

/** How much longer to wait after a new peer, besides a millisecond per peer: more may follow. */
const AFTER_MEETING_MS = 50;

/**
 * Whether the peers have had the time to answer this node's discover after a connect. Nobody knows how many will answer, so it takes
 * `settleMs`, and a little longer after each new peer.
 */
export class InitialDiscovery {
  /** Infinity while disconnected, −Infinity once it is over. */
  #endsAt = Infinity;

  readonly #endpoint: Endpoint;
  readonly #peers: ReadonlyMap<string, unknown>;

  constructor(endpoint: Endpoint, peers: ReadonlyMap<string, unknown>) {
    this.#endpoint = endpoint;
    this.#peers = peers;
  }

  get isOver(): boolean {
    return this.#endsAt === -Infinity;
  }

  get nextDeadline(): number {
    return this.isOver ? Infinity : this.#endsAt;
  }

  /** The discover was sent. */
  begin(): void {
    this.#endsAt = this.#endpoint.now + this.#endpoint.options.settleMs;
  }

  /** A new peer was admitted. */
  met(): void {
    if (this.isOver || this.#endsAt === Infinity) return;
    this.#endsAt = Math.max(this.#endsAt, this.#endpoint.now + AFTER_MEETING_MS + this.#peers.size);
  }

  disconnected(): void {
    this.#endsAt = Infinity;
  }

  tick(): void {
    if (this.#endpoint.now >= this.#endsAt) this.#endsAt = -Infinity;
  }
}
