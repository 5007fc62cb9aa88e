/**
 * Lets each key through once per interval. Bounded: when more than `capacity` keys are remembered the oldest is forgotten,
 * so a flood of new keys can at worst be let through once more, never fill the memory.
 */
export class Throttle<K> {
  readonly #until = new Map<K, number>();

  readonly #intervalMs: number;
  readonly #capacity: number;

  /** @param intervalMs Milliseconds between two passes of one key */
  constructor(intervalMs: number, capacity: number) {
    this.#intervalMs = intervalMs;
    this.#capacity = capacity;
  }

  /** Whether `key` may pass at `now`; if so, it may not again for the interval. */
  pass(key: K, now: number): boolean {
    if (now < (this.#until.get(key) ?? -Infinity)) return false;
    this.#until.delete(key); // to the end of the order of age
    this.#until.set(key, now + this.#intervalMs);
    if (this.#until.size > this.#capacity) {
      for (const oldest of this.#until.keys()) {
        this.#until.delete(oldest);
        break;
      }
    }
    return true;
  }

  /** The moment from which `key` may pass; −Infinity if it may at once. */
  opens(key: K): number {
    return this.#until.get(key) ?? -Infinity;
  }
}
