/** A time limit over several steps. */
export class Deadline {
  readonly #at: number;

  constructor(readonly timeoutMs: number) {
    this.#at = performance.now() + timeoutMs;
  }

  get leftMs(): number {
    return Math.max(0, this.#at - performance.now());
  }

  /**
   * Waits for a promise, but not longer than there is time.
   *
   * @returns Its value, or `undefined` when time was up first; the promise is then the caller's to look after.
   */
  async bound<T>(promise: Promise<T>): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), this.leftMs);
    });
    try {
      return await Promise.race([promise, timeUp]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits this long, or as long as there is time. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, Math.min(ms, this.leftMs)));
  }
}
