import type { Timers } from '../../lifetime';

/** So many handlers begin without a look at the clock. */
export const FEW_HANDLERS = 8;
/** So long handlers begin in one turn of the event loop, in milliseconds. */
const MS_PER_TURN = 10;

/**
 * Spreads the handlers of a node over turns of the event loop: a peer can ask for a thousand with what one turn has room for, and each
 * may take a tenth of a millisecond behind guards, pipes and interceptors.
 *
 *     few since the last look ──► begin at once
 *     more ──► begin while the turn has time ── none left ──► the next turn
 */
export class HandlerTurns {
  /** How many have begun since the last look. Their mailboxes count them here, each before it begins. */
  begun = 0;
  readonly #timers: Pick<Timers, 'now' | 'afterTurn'>;
  /** When the first look was; undefined: there was none in this turn. */
  #since: number | undefined;
  #waiting: (() => void)[] = [];

  constructor(timers: Pick<Timers, 'now' | 'afterTurn'>) {
    this.#timers = timers;
  }

  /** Whether this turn has time for one more. To be asked once {@link begun} is more than {@link FEW_HANDLERS}. */
  hasTime(): boolean {
    const now = this.#timers.now();
    if (this.#since === undefined) {
      this.#since = now;
      this.#timers.afterTurn(() => this.#nextTurn());
    }
    return now - this.#since < MS_PER_TURN;
  }

  /** Runs `begin` in the next turn, in the order of these calls. To be called after {@link hasTime} has returned false. It must not throw. */
  later(begin: () => void): void {
    this.#waiting.push(begin);
  }

  #nextTurn(): void {
    this.begun = 0;
    this.#since = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const begin of waiting) begin();
  }
}
