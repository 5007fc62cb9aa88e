import { isError, messageOfThrown } from '../term';
/**
 * Wraps a callback of a user of the transport, so that an exception never reaches the transport: a NATS client whose callback
 * throws stops delivering messages for good, silently.
 *
 * @param onError Receives what the callback threw. What `onError` itself throws is dropped.
 */
export function safeCallback<Arguments extends unknown[]>(
  callback: (...args: Arguments) => void,
  onError: (error: Error) => void,
): (...args: Arguments) => void {
  return (...args) => {
    try {
      callback(...args);
    } catch (thrown) {
      try {
        onError(isError(thrown) ? thrown : new Error(messageOfThrown(thrown)));
      } catch {
        // Nobody is left to report it to.
      }
    }
  };
}
