import type { Timers } from '../lifetime';
import { LONGEST_TIMER_MS } from '../term';

/** Where a node takes its time from. Replaced in tests; everything below node/ gets `now` as an argument. */
export interface Clock extends Timers {
  /** Milliseconds since 1970, for epochs and for people. */
  wall(): number;
}

/** Keeps this Node.js process alive while any of its nodes wants that. Made at first use: importing the library starts nothing. */
let keeper: NodeJS.Timeout | undefined;
let keepersWanted = 0;

/** Taken once: on Node.js 20 the global is a getter, and each call looks at the clock several times. */
const { performance: sinceStart } = globalThis;

/** The clock and the timers of the Node.js process. A timer beyond {@link LONGEST_TIMER_MS} fires then. */
export const systemClock: Clock = {
  now: () => sinceStart.now(),
  wall: () => Date.now(),
  setTimer: (ms, fn, { keepAlive = false } = {}) => {
    const timer = setTimeout(fn, Math.min(ms, LONGEST_TIMER_MS));
    if (!keepAlive) timer.unref();
    return () => clearTimeout(timer);
  },
  stayAlive: (isWanted) => {
    keeper ??= setInterval(() => undefined, LONGEST_TIMER_MS);
    keepersWanted += isWanted ? 1 : -1;
    if (keepersWanted > 0) keeper.ref();
    else keeper.unref();
  },
  afterTurn: (fn) => {
    const immediate = setImmediate(fn);
    return () => clearImmediate(immediate);
  },
};

/**
 * Returns a clock whose timers guard what they run: an exception in the callback of a timer ends the Node.js process.
 *
 * @param onError Called with what a callback threw. Must not throw.
 */
export function guardedClock(clock: Clock, onError: (error: unknown) => void): Clock {
  const guarded = (fn: () => void) => (): void => {
    try {
      fn();
    } catch (error) {
      onError(error);
    }
  };
  return {
    now: clock.now.bind(clock),
    wall: clock.wall.bind(clock),
    setTimer: (ms, fn, options) => clock.setTimer(ms, guarded(fn), options),
    stayAlive: clock.stayAlive.bind(clock),
    afterTurn: (fn) => clock.afterTurn(guarded(fn)),
  };
}
