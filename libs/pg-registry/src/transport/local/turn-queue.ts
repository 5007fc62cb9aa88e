/** How many steps run in one turn of the event loop. The rest waits, so that many steps do not starve timers. */
const STEPS_PER_TURN = 64;

/** Runs steps in order, never inside the call that adds them. A step must not throw. */
export class TurnQueue {
  #steps: (() => void)[] = [];
  #next = 0;
  #scheduled = false;

  /** Adds a step after all others. */
  add(step: () => void): void {
    this.#steps.push(step);
    this.#schedule();
  }

  /** Adds steps, in this order, before all others. */
  addFirst(steps: readonly (() => void)[]): void {
    this.#steps = [...steps, ...this.#steps.slice(this.#next)];
    this.#next = 0;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#next === this.#steps.length) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  /** A field, so that scheduling it makes no closure. */
  readonly #turn = (): void => {
    this.#scheduled = false;
    for (let left = STEPS_PER_TURN; left > 0 && this.#next < this.#steps.length; left -= 1)
      this.#steps[this.#next++]();
    if (this.#next === this.#steps.length || this.#next > STEPS_PER_TURN ** 2) {
      this.#steps = this.#steps.slice(this.#next);
      this.#next = 0;
    }
    this.#schedule();
  };
}
