/** How long a call of the store may take, from now on. The requests that it makes share that time. */
export class TimeLimit {
  /** The whole of it, in milliseconds: what people are told. */
  readonly limitMs: number;
  readonly #endsAt: number;

  constructor(limitMs: number) {
    this.limitMs = limitMs;
    this.#endsAt = performance.now() + limitMs;
  }

  /** What is left of it, in milliseconds; 0 when it is over. */
  get leftMs(): number {
    return Math.max(0, this.#endsAt - performance.now());
  }
}
