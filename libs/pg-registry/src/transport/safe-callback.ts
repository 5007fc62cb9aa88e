import { isError, messageOfThrown } from '../term';

/**
 * Wraps a callback of a user of the transport, so that an exception never reaches the transport: a NATS client whose callback
 * throws stops delivering messages for good, silently.
 *
 * @param onError Receives what the callback threw; `undefined` is returned then. What `onError` itself throws is dropped.
 */
export function safeCallback<Arguments extends unknown[], Result>(
  callback: (...args: Arguments) => Result,
  onError: (error: Error) => void,
): (...args: Arguments) => Result | undefined {
  return (...args) => {
    try {
      return callback(...args);
    } catch (thrown) {
      try {
        onError(errorOf(thrown));
      } catch {
        // Nobody is left to report it to.
      }
      return undefined;
    }
  };
}

/** Returns a thrown Error itself, and anything else as the message of one. */
export function errorOf(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(messageOfThrown(thrown));
}
