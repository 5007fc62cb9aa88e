import type { Timers } from '../../lifetime';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;

/** Says things again until they are answered: at once, after 250 ms, 500 ms and so on up to every 5 s. */
export class Repeater {
  readonly #cancels = new Map<string, () => void>();

  readonly #timers: Timers;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Things that are not answered yet. */
  get size(): number {
    return this.#cancels.size;
  }

  /** Says something now, and again until {@link stop}. What is under way under this name starts over. */
  repeat(name: string, say: () => void): void {
    this.stop(name);
    this.#say(name, say, FIRST_WAIT_MS);
  }

  /** It was answered, or nobody wants an answer any more. @returns Whether it was under way. */
  stop(name: string): boolean {
    this.#cancels.get(name)?.();
    return this.#cancels.delete(name);
  }

  stopAll(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }

  #say(name: string, say: () => void, waitMs: number): void {
    const next = (): void => this.#say(name, say, Math.min(waitMs * 2, LONGEST_WAIT_MS));
    this.#cancels.set(name, this.#timers.setTimer(waitMs, next));
    say();
  }
}
