import type { Timers } from './timers';

/**
 * Waits for a promise, but no longer than `timeoutMs` milliseconds. Keeps the Node.js process alive meanwhile. What becomes of
 * the promise later is ignored.
 *
 * @returns True if the promise was fulfilled in time; false if the time is up.
 * @throws What the promise rejects with in time.
 */
export async function withTimeout(
  promise: Promise<unknown>,
  timeoutMs: number,
  timers: Timers,
): Promise<boolean> {
  let giveUp!: () => void;
  const timeUp = new Promise<boolean>((resolve) => (giveUp = () => resolve(false)));
  const cancel = timers.setTimer(timeoutMs, giveUp, { keepAlive: true });
  try {
    return await Promise.race([promise.then(() => true), timeUp]);
  } finally {
    cancel();
  }
}
