import type { Endpoint } from './endpoint';

/** How much longer to wait when somebody was met, beside a millisecond per peer: it may have been one of many. */
const AFTER_MEETING_MS = 50;

/**
 * Whether whoever answers our discover has answered by now. Nobody knows how many will, so it is a matter of time:
 * `settleMs` after the connect, a little longer after each peer that was met meanwhile.
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

  /** Our discover was said. */
  begin(): void {
    this.#endsAt = this.#endpoint.now + this.#endpoint.options.settleMs;
  }

  /** Somebody was met. */
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
