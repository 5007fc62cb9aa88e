/** The errors of claims that were not made. */
import type { LocalProcess } from '../lifetime';
import {
  formatKey,
  type Key,
  LockTimeoutError,
  NamesUnavailableError,
  ProcessExitedError,
  TransportError,
} from '../term';

/**
 * The time of a call is up.
 *
 * @param problem What is wrong with the store, if anything is
 * @param isOwn Whether the process that waited holds the key
 */
export function notInTime(key: Key, timeoutMs: number, problem: string | undefined, isOwn: boolean): Error {
  const notFree = `The cluster name ${formatKey(key)} was not free within ${timeoutMs} ms`;
  if (isOwn)
    return new LockTimeoutError(
      `${notFree}: the same process holds it, and a claim does not let its process claim again. Nothing more is held.`,
    );
  return problem === undefined
    ? new LockTimeoutError(`${notFree}. Nothing is held.`)
    : new TransportError(
        `${formatKey(key)} was not claimed within ${timeoutMs} ms: ${problem} Nothing is held.`,
      );
}

/** The store refuses. */
export function notClaimed(key: Key, reason: string): NamesUnavailableError {
  return new NamesUnavailableError(`${formatKey(key)} was not claimed: ${reason}`);
}

/** The node takes no more claims. */
export function nodeStopped(node: string): NamesUnavailableError {
  return new NamesUnavailableError(`Node '${node}' has drained or stopped. Nothing was claimed.`);
}

/** The process of the running code has ended. */
export function hasExited({ pid, reason }: LocalProcess): ProcessExitedError {
  const message = `${pid} must be a living process, and it has exited. Nothing was claimed.`;
  return new ProcessExitedError(message, { pid, reason });
}

/** The process of a waiting call has ended. */
export function exitedWhileWaiting({ pid, reason }: LocalProcess, key: Key): ProcessExitedError {
  const message = `${pid} exited while it waited for the cluster name ${formatKey(key)}.`;
  return new ProcessExitedError(message, { pid, reason });
}
