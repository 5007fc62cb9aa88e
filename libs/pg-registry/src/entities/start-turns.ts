import type { Timers } from '../lifetime';

/** So many entities are started in one turn of the event loop; each may take a tenth of a millisecond. */
const STARTS_PER_TURN = 50;

/** Spreads the starts of entities over turns of the event loop: a peer can ask for hundreds with what one turn has room for. */
export class StartTurns {
  readonly #timers: Pick<Timers, 'afterTurn'>;
  #left = STARTS_PER_TURN;
  readonly #waiting = new Set<() => void>();
  #isPlanned = false;

  constructor(timers: Pick<Timers, 'afterTurn'>) {
    this.#timers = timers;
  }

  /** Takes one start of this turn. @returns False if there is none left, or others wait */
  take(): boolean {
    this.#plan();
    if (this.#left === 0 || this.#waiting.size > 0) return false;
    this.#left -= 1;
    return true;
  }

  /** Runs a start when its turn has come, in the order of these calls. It must not throw. */
  later(start: () => void): void {
    this.#waiting.add(start);
    this.#plan();
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#timers.afterTurn(() => this.#nextTurn());
  }

  #nextTurn(): void {
    this.#isPlanned = false;
    this.#left = STARTS_PER_TURN;
    for (const start of this.#waiting) {
      if (this.#left === 0) break;
      this.#left -= 1;
      this.#waiting.delete(start);
      start();
    }
    if (this.#left < STARTS_PER_TURN) this.#plan();
  }
}
