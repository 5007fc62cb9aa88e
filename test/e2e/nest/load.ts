/** Calls at a steady rate, whether the calls succeed or not. */
export class Load {
  readonly answers: string[] = [];
  readonly failures: unknown[] = [];
  readonly #pending = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  mostInFlight = 0;

  constructor(callsPerSecond: number, call: () => Promise<string>) {
    this.#timer = setInterval(() => {
      const pending = call()
        .then(
          (answer) => void this.answers.push(answer),
          (error: unknown) => void this.failures.push(error),
        )
        .finally(() => this.#pending.delete(pending));
      this.#pending.add(pending);
      this.mostInFlight = Math.max(this.mostInFlight, this.#pending.size);
    }, 1000 / callsPerSecond);
  }

  /** Resolves when the last call has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
  }
}
