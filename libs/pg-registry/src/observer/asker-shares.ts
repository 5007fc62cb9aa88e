/** So many askers are told apart; all others share one share. */
const MOST_ASKERS = 64;
const SECOND_MS = 1000;
/** Of its share, so much is for answers. The rest is for refusals: they cost, too. */
const FOR_ANSWERS = 0.8;

/** What answers cost, or may cost. */
export interface AnswerCost {
  readonly ms: number;
  readonly bytes: number;
}

/** What becomes of a question by the share of its asker alone: it is answered, refused, or gets no answer. */
export type Standing = 'answered' | 'refused' | 'ignored';

/**
 * Shares what answers may cost equally among those who asked in this second and the last one, so that one that floods the node keeps
 * nobody else from looking into it. One that is alone has no limit of its own.
 */
export class AskerShares {
  /** What each has cost in this second. */
  readonly #spent = new Map<string, { ms: number; bytes: number }>();
  #begun: number;
  /** How many asked in the last second. */
  #before = 0;
  #all: AnswerCost;

  /** @param now Milliseconds of a clock that never goes back. @param all What answers may cost together in the first second */
  constructor(now: number, all: AnswerCost) {
    this.#begun = now;
    this.#all = all;
  }

  /** Somebody asks. @param all What answers may cost together in the second that begins, if one does */
  standingOf(asker: string, now: number, all: AnswerCost): Standing {
    if (now - this.#begun >= SECOND_MS) this.#begin(now, all);
    const { ms, bytes } = this.#of(asker);
    const askers = Math.max(this.#before, this.#spent.size);
    if (askers === 1) return 'answered';
    const part = Math.max(ms / this.#all.ms, bytes / this.#all.bytes) * askers;
    if (part < FOR_ANSWERS) return 'answered';
    return part < 1 ? 'refused' : 'ignored';
  }

  /** Counts what an answer has cost. */
  spent(asker: string, ms: number, bytes: number): void {
    const spent = this.#of(asker);
    spent.ms += ms;
    spent.bytes += bytes;
  }

  #begin(now: number, all: AnswerCost): void {
    this.#before = now - this.#begun < 2 * SECOND_MS ? this.#spent.size : 0;
    this.#begun = now;
    this.#all = all;
    this.#spent.clear();
  }

  #of(asker: string): { ms: number; bytes: number } {
    const name = this.#spent.size < MOST_ASKERS || this.#spent.has(asker) ? asker : '';
    let spent = this.#spent.get(name);
    if (spent === undefined) this.#spent.set(name, (spent = { ms: 0, bytes: 0 }));
    return spent;
  }
}
