/** Where a node takes its time from. Replaced in tests; everything below node/ gets `now` as an argument. */
export interface Clock {
  /** Monotonic milliseconds: never goes back, whatever is done to the machine's clock. */
  now(): number;
  /** Milliseconds since 1970, for epochs and for people. */
  wall(): number;
  /**
   * Runs `fn` once after `ms`. Does not keep the Node.js process alive unless `keepAlive` is set: a node's heartbeat is no
   * reason to live, somebody who awaits an answer is.
   *
   * @returns What cancels the timer.
   */
  setTimer(ms: number, fn: () => void, options?: { readonly keepAlive?: boolean }): () => void;
  /** Runs `fn` when the current turn of the event loop is over. @returns What cancels it. */
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
