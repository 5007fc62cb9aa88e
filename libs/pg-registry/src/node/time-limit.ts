import type { Clock } from './clock';

/**
 * Waits for a promise, but no longer than `timeoutMs`: a frozen broker, say, answers neither yes nor no. Keeps the Node.js
 * process alive meanwhile.
 *
 * @returns Whether it was fulfilled in time. Never rejects.
 */
export async function fulfilledWithin(
  promise: Promise<unknown>,
  clock: Clock,
  timeoutMs: number,
): Promise<boolean> {
  let giveUp!: (fulfilled: false) => void;
  const timeout = new Promise<false>((resolve) => (giveUp = resolve));
  const cancel = clock.setTimer(timeoutMs, () => giveUp(false), { keepAlive: true });
  const settled = promise.then(
    () => true,
    () => false,
  );
  const fulfilled = await Promise.race([settled, timeout]);
  cancel();
  return fulfilled;
}
