/**
 * Postpones the removal of peers when the trouble is this node's own: after its connection broke, and after it stood still.
 *
 * A grace period restarts the timers of all silent peers. It ends by time alone: hearing from one peer proves nothing about
 * another. Grace periods that follow one another within `rowMs` form a row, and a row restarts nothing any more after `2 × rowMs`:
 * a node that stalls every few seconds would otherwise keep dead peers for ever.
 */
export class GracePeriod {
  #rowSince = -Infinity;
  #latest = -Infinity;

  readonly #rowMs: number;

  /** @param rowMs Milliseconds; `peerTimeoutMs` */
  constructor(rowMs: number) {
    this.#rowMs = rowMs;
  }

  /** When the latest grace period began. Probes sent before it prove nothing. */
  get latest(): number {
    return this.#latest;
  }

  /** Begins a grace period; false if the row is exhausted and the timers must run on. */
  begin(now: number): boolean {
    if (now - this.#latest > this.#rowMs) this.#rowSince = now;
    this.#latest = now;
    return now - this.#rowSince <= 2 * this.#rowMs;
  }
}
