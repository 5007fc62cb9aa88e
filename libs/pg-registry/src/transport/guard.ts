/**
 * Wraps a callback of a user of the transport, so that nothing it throws gets into the transport: a throw inside a NATS
 * client's callback would make that client deaf for ever, without a word.
 *
 * @param onError Hears of what was thrown. What it throws itself is dropped: there is nobody left to tell.
 */
export function guarded<Arguments extends unknown[]>(
  callback: (...args: Arguments) => void,
  onError: (error: Error) => void,
): (...args: Arguments) => void {
  return (...args) => {
    try {
      callback(...args);
    } catch (thrown) {
      try {
        onError(thrown instanceof Error ? thrown : new Error(String(thrown)));
      } catch {
        // See above.
      }
    }
  };
}
