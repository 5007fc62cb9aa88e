/** The clock and the timers that processes and calls use. Implemented by node/; specs bring one that they move themselves. */
export interface Timers {
  /** Returns monotonic milliseconds: they never go back, even if somebody sets the machine's clock. */
  now(): number;
  /**
   * Runs `fn` once after `ms` milliseconds.
   *
   * @param options.keepAlive Whether the timer keeps the Node.js process alive: for code that awaits an answer, not for a node's
   *   heartbeat.
   * @returns A function that cancels the timer.
   */
  setTimer(ms: number, fn: () => void, options?: { readonly keepAlive?: boolean }): () => void;
  /** Keeps the Node.js process alive until it has been called with false as often as with true, whatever timers there are. */
  stayAlive(isWanted: boolean): void;
  /** Runs `fn` when the current turn of the event loop is over. @returns A function that cancels it. */
  afterTurn(fn: () => void): () => void;
}
