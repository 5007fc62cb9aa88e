/** Where a node takes its time from. Replaced in tests; everything below node/ gets `now` as an argument. */
export interface Clock {
  /** Monotonic milliseconds: they never go back, even if somebody sets the machine's clock. */
  now(): number;
  /** Milliseconds since 1970, for epochs and for people. */
  wall(): number;
  /**
   * Runs `fn` once after `ms`. It keeps the Node.js process alive only with `keepAlive`: for code that awaits an answer, not for a
   * node's heartbeat.
   *
   * @returns A function that cancels the timer.
   */
  setTimer(ms: number, fn: () => void, options?: { readonly keepAlive?: boolean }): () => void;
  /** Runs `fn` when the current turn of the event loop is over. @returns A function that cancels it. */
  afterTurn(fn: () => void): () => void;
}

/** The clock and the timers of the Node.js process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  setTimer: (ms, fn, { keepAlive = false } = {}) => {
    const timer = setTimeout(fn, ms);
    if (!keepAlive) timer.unref();
    return () => clearTimeout(timer);
  },
  afterTurn: (fn) => {
    const immediate = setImmediate(fn);
    return () => clearImmediate(immediate);
  },
};
