import { systemClock } from '../node';
import { withTimeout } from '../lifetime';

/** The handlers that are running, so that a closing server can wait for them. */
export class RunningHandlers {
  readonly #running = new Set<Promise<unknown>>();

  /** Adds the promise of a handler until it has settled, and returns it. */
  add<T>(work: Promise<T>): Promise<T> {
    const settled: Promise<unknown> = work.then(
      () => this.#running.delete(settled),
      () => this.#running.delete(settled),
    );
    this.#running.add(settled);
    return work;
  }

  /** Resolves when no handler runs, or after `limitMs`. */
  async finished(limitMs: number): Promise<void> {
    await withTimeout(this.#idle(), limitMs, systemClock);
  }

  async #idle(): Promise<void> {
    // Handlers may have started meanwhile.
    // oxlint-disable-next-line no-await-in-loop
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
