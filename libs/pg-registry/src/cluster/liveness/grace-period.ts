/**
 * When this node should doubt itself rather than others: after its connection broke, and after it stood still.
 *
 * A doubt postpones verdicts about others by restarting the timers behind them. It ends by time alone: hearing from one
 * peer proves nothing about another. Doubts that follow one another within `rowMs` form a row, and a row restarts nothing
 * any more after `2 × rowMs`: a node that stalls every few seconds would otherwise keep the dead for ever.
 */
export class GracePeriod {
  #rowSince = -Infinity;
  #latest = -Infinity;

  readonly #rowMs: number;

  /** @param rowMs Milliseconds; `peerTimeoutMs` */
  constructor(rowMs: number) {
    this.#rowMs = rowMs;
  }

  /** When the latest doubt began. What was asked before it proves nothing. */
  get latest(): number {
    return this.#latest;
  }

  /** Begins a doubt; false if the row is exhausted and the timers must run on. */
  begin(now: number): boolean {
    if (now - this.#latest > this.#rowMs) this.#rowSince = now;
    this.#latest = now;
    return now - this.#rowSince <= 2 * this.#rowMs;
  }
}
