/**
 * How long something has had a processor to itself, about: time on a machine whose load is above its number of cores counts for less.
 * So a time limit grows with the load, and still strikes soon where something hangs, because a machine on which everything waits is idle.
 */
exports.WorkingTime = class WorkingTime {
  #elapsedMs = 0;
  #workingMs = 0;
  #loadMs = 0;
  #cores;

  /** @param {number} cores How many processes can run at a time. */
  constructor(cores) {
    this.#cores = cores;
  }

  /** Milliseconds that count. */
  get ms() {
    return this.#workingMs;
  }

  /**
   * Adds a stretch of time.
   * @param {number} elapsedMs How long it was.
   * @param {number} load How many processes wanted a processor meanwhile.
   */
  add(elapsedMs, load) {
    this.#elapsedMs += elapsedMs;
    this.#loadMs += elapsedMs * load;
    this.#workingMs += elapsedMs * Math.min(1, this.#cores / load);
  }

  /** What happened, as half a sentence. */
  toString() {
    const minutes = (this.#elapsedMs / 60_000).toFixed(1);
    const load = (this.#loadMs / this.#elapsedMs).toFixed(1);
    return `${minutes} minutes with a load of ${load} on ${this.#cores} cores, which count as ${(this.#workingMs / 60_000).toFixed(1)}`;
  }
};
