/** What is being done, so that somebody can wait for its end. */
export class RunningWork {
  readonly #running = new Set<Promise<unknown>>();

  /** Counts a promise until it has settled. Returns it. */
  add<T>(work: Promise<T>): Promise<T> {
    const settled: Promise<unknown> = work.then(
      () => this.#running.delete(settled),
      () => this.#running.delete(settled),
    );
    this.#running.add(settled);
    return work;
  }

  /** Resolves when nothing runs, or after this time, in milliseconds. */
  async finished(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)));
    await Promise.race([this.#idle(), limit]);
    clearTimeout(timer);
  }

  async #idle(): Promise<void> {
    // Again for what began meanwhile.
    // oxlint-disable-next-line no-await-in-loop
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
