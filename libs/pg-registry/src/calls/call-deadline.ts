import type { Timers } from '../lifetime';

/**
 * A call's deadline: when its caller stops waiting. One for a call and all of its attempts, kept in the call's {@link Message}.
 *
 *     caller's node   the option `timeoutMs` makes it; when it passes, `CallAttempt` rejects the call and cancels it
 *     the frame       carries the milliseconds that remain, because the clocks of two nodes differ
 *     handler's node  makes it anew from them; `Mailbox` does not execute a call that is overdue, and `HandlerContext` aborts the
 *                     handler's signal, in case the caller's cancel frame is lost, and answers with a time-out from then on
 *
 * Casts and messages have none, nor has a call with `timeoutMs: Infinity`.
 */
export class CallDeadline {
  /**
   * Milliseconds that remained when the present attempt of the call began: what its frame says, and its own time limit. The first one
   * begins with the call; later ones {@link lookAgain}. To read the clock costs 39 ns, and a call that leaves a node takes some 2,500.
   */
  lookedMs: number;
  /** In the time of {@link Timers.now}. */
  readonly #at: number;
  readonly #timers: Timers;

  /** @param remainingMs From `now` on; Infinity is no deadline that ever passes. */
  constructor(remainingMs: number, timers: Timers, now: number = timers.now()) {
    this.#timers = timers;
    this.#at = now + remainingMs;
    this.lookedMs = remainingMs;
  }

  /** An attempt begins later than the call. */
  lookAgain(): void {
    this.lookedMs = this.remainingMs;
  }

  /** Milliseconds until it passes; 0 once it has. */
  get remainingMs(): number {
    return Math.max(0, this.#at - this.#timers.now());
  }

  /** Whether it has passed. */
  isOver(now: number = this.#timers.now()): boolean {
    return now >= this.#at;
  }

  /**
   * Calls `fn` when the deadline passes; in a later turn if it has already. The wait does not keep the Node.js process alive.
   *
   * @returns A function that cancels the wait.
   */
  onPassed(fn: () => void): () => void {
    return this.#timers.setTimer(this.remainingMs, fn);
  }
}
