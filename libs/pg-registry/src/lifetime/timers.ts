/** The time of a node, as calls need it. Node's clock satisfies it; specs bring one that they move themselves. */
export interface Timers {
  /** Monotonic milliseconds. */
  now(): number;
  /**
   * Runs `fn` once after `ms`.
   *
   * @param options.keepAlive Whether the timer keeps the Node.js process alive: somebody awaits an answer.
   * @returns What cancels the timer.
   */
  setTimer(ms: number, fn: () => void, options?: { readonly keepAlive?: boolean }): () => void;
}
