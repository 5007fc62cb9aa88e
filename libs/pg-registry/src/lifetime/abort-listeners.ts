/** Those who wait for one signal, and the one listener that the signal has for all of them. */
interface Waiting {
  readonly listeners: Set<() => void>;
  readonly onAbort: () => void;
}

/**
 * Listens to AbortSignals for many at a time. A signal gets one listener, however many calls are made with it: Node.js warns of a leak
 * at the eleventh, and takes longer to remove one the more there are. Costs O(1) to add and to remove.
 */
export class AbortListeners {
  readonly #waiting = new WeakMap<AbortSignal, Waiting>();

  /**
   * Calls `listener` once, in the turn in which the signal aborts, after those that were added before. It must not throw. Never called
   * for a signal that has aborted already.
   *
   * @returns A function that removes the listener. The signal is let go of with its last one.
   */
  onAbort(signal: AbortSignal, listener: () => void): () => void {
    const waiting = this.#waiting.get(signal) ?? this.#listenTo(signal);
    // A new function each time, so that one listener added twice is called twice.
    const added = (): void => listener();
    waiting.listeners.add(added);
    return () => {
      if (!waiting.listeners.delete(added) || waiting.listeners.size > 0) return;
      signal.removeEventListener('abort', waiting.onAbort);
      this.#waiting.delete(signal);
    };
  }

  #listenTo(signal: AbortSignal): Waiting {
    const listeners = new Set<() => void>();
    const onAbort = (): void => {
      // One that is removed by another is not called any more.
      for (const listener of listeners) listener();
    };
    const waiting = { listeners, onAbort };
    this.#waiting.set(signal, waiting);
    signal.addEventListener('abort', onAbort, { once: true });
    return waiting;
  }
}
