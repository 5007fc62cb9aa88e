/**
 * Postpones the removal of silent peers when the trouble is this node's own: its connection broke, or it stood still.
 *
 * Each interruption restarts the timers of all silent peers. Their new time is over by itself alone: hearing from one peer proves
 * nothing about another. Interruptions that follow one another within `rowMs` form a row, and a row restarts nothing any more after
 * `2 × rowMs`: a node that stalls every few seconds would otherwise keep dead peers for ever.
 */
export class OwnInterruptions {
  #rowSince = -Infinity;
  #latest = -Infinity;

  readonly #rowMs: number;

  /** @param rowMs Milliseconds; `peerTimeoutMs` */
  constructor(rowMs: number) {
    this.#rowMs = rowMs;
  }

  /** When the latest interruption was over. Probes sent before it prove nothing. */
  get latest(): number {
    return this.#latest;
  }

  /** Notes that an interruption is over. Returns false if the row is exhausted and the timers of silent peers must run on. */
  add(now: number): boolean {
    if (now - this.#latest > this.#rowMs) this.#rowSince = now;
    this.#latest = now;
    return now - this.#rowSince <= 2 * this.#rowMs;
  }
}
