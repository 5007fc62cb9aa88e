import type { Clock } from './clock';

/** A promise that resolves as soon as a condition holds. */
export interface Wait {
  readonly isOver: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Promises that resolve when a condition on the protocol's state holds; checked after every batch of effects. */
export class Waits {
  readonly #open = new Set<Wait>();
  /** The waits that have not ended. */
  readonly open: ReadonlySet<Wait> = this.#open;

  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves as soon as `isOver` holds. A wait that is open keeps the Node.js process alive.
   *
   * @param timeoutMs After this many milliseconds it rejects with the error of `onTimeout`.
   */
  async until(isOver: () => boolean, timeoutMs: number, onTimeout: () => Error): Promise<void> {
    if (isOver()) return;
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void): void => {
        this.#open.delete(wait);
        cancel();
        settle();
      };
      const wait: Wait = { isOver, resolve: () => end(resolve), reject: (error) => end(() => reject(error)) };
      const cancel = this.#clock.setTimer(timeoutMs, () => wait.reject(onTimeout()), { keepAlive: true });
      this.#open.add(wait);
    });
  }

  /** Calls `run` once, as soon as `isOver` holds; never if the node stops before. Keeps no Node.js process alive. */
  when(isOver: () => boolean, run: () => void): void {
    const end = (): boolean => this.#open.delete(wait);
    const wait: Wait = { isOver, resolve: () => (end(), run()), reject: end };
    this.#open.add(wait);
  }

  /** Resolves the waits whose condition holds now. */
  check(): void {
    for (const wait of this.#open) if (wait.isOver()) wait.resolve();
  }

  rejectAll(error: Error): void {
    for (const wait of this.#open) wait.reject(error);
  }
}
