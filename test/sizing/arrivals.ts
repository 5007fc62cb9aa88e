/** Does something at random moments, so often a second on average: as requests of many users arrive (a Poisson process). */
export class Arrivals {
  #next = performance.now();
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;

  readonly #perSecond: number;
  readonly #arrive: () => void;

  constructor(perSecond: number, arrive: () => void) {
    this.#perSecond = perSecond;
    this.#arrive = arrive;
    if (perSecond > 0) this.#wait();
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    this.#next += (-Math.log(1 - Math.random()) / this.#perSecond) * 1000;
    const waitMs = this.#next - performance.now();
    if (waitMs > 0) this.#timer = setTimeout(() => this.#due(), waitMs);
    else setImmediate(() => this.#due());
  }

  #due(): void {
    if (this.#isOver) return;
    this.#arrive();
    this.#wait();
  }
}
