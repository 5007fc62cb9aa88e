/** Several receivers lose the same frame at once: they ask spread over this time. */
const JITTER_MS = 20;
/** An ask is repeated this long after the last that came of its answer; without any answer after this long, then twice as long, up to the longest. */
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 1000;
/** A node that looks at the clock so late stood still, and has not read what came meanwhile; it gets this long to read it. */
const STALL_MS = 10;
/** After this many unanswered asks the stream is synced instead. */
const MAX_ASKS = 8;

/**
 * Where a gap in the numbers of a stream is repaired: when to ask its owner for operations that were heard of but not received.
 *
 *     closed ── something is missing ──► waiting (up to 20 ms) ── ask ──► asked ── nothing is missing ──► closed
 *                                                                  ▲         │
 *                                                                  └─────────┘ no answer in time, or the answer ended too early
 *
 * After 8 asks in vain the stream is synced instead. Operations that are applied while a gap is open belong to an answer under way:
 * the answer gets time, and the count of asks in vain starts again. The answer says where it ends; then what is still missing is asked
 * for at once. So one range is asked for once, and its repair takes one round trip for each answer, whatever the bandwidth.
 *
 * The ask is sent by `InboundStream` and answered by the owner's `RepairResponder`.
 */
export class GapRepair {
  /** When to ask; Infinity while nothing is missing. */
  deadline = Infinity;
  /** The last operation that the owner is known to have. Changed by {@link hear}. */
  heard = 0;
  #asks = 0;
  /** Has the latest ask brought anything? */
  #isFruitful = false;
  /** Did the answer to it end with the present input? */
  #isAnswerOver = false;
  #wasPutOff = false;

  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  hear(number: number): void {
    if (number > this.heard) this.heard = number;
  }

  /** An answer to an ask ends here: to be called before {@link settle}. Too late if nothing is missing any more. */
  endAnswer(): void {
    this.#isAnswerOver = this.deadline !== Infinity;
  }

  /**
   * Call it when `applied` or `heard` may have changed, and something is missing or was; `progressed` says that operations were applied.
   */
  settle(applied: number, progressed: boolean, now: number): void {
    if (this.heard <= applied) {
      if (this.deadline !== Infinity) this.#close();
    } else if (this.deadline === Infinity) this.deadline = now + this.#random() * JITTER_MS;
    else if (progressed && (this.#asks > 0 || this.#isFruitful)) {
      this.#isFruitful = true;
      this.#asks = 0;
      this.deadline = now + FIRST_RETRY_MS;
    }
    // An answer that brought nothing (it was lost, or is on its way to everybody) is no reason to ask again at once.
    if (this.#isAnswerOver && this.#isFruitful) this.deadline = now;
    this.#isAnswerOver = false;
  }

  /** If something is missing, asks for it soon. Asks so far were in vain because the owner could not be reached. */
  hasten(now: number): void {
    if (this.deadline === Infinity) return;
    this.#asks = 0;
    this.deadline = Math.min(this.deadline, now + this.#random() * JITTER_MS);
  }

  /**
   * Race: this node stood still, the time for the answer is over, and the answer waits in the socket: timers come before it.
   * Puts a repeated ask off in that case, once. Returns whether it did.
   */
  putOff(now: number): boolean {
    if (this.#asks === 0 || this.#wasPutOff || now - this.deadline < STALL_MS) return false;
    this.#wasPutOff = true;
    this.deadline = now + STALL_MS;
    return true;
  }

  /** Counts an ask that is sent now. Returns false if there were too many in vain. */
  ask(now: number): boolean {
    this.deadline = now + Math.min(FIRST_RETRY_MS * 2 ** this.#asks, LONGEST_RETRY_MS);
    this.#isFruitful = false;
    this.#wasPutOff = false;
    return (this.#asks += 1) <= MAX_ASKS;
  }

  /** Starts again, knowing nothing. */
  reset(): void {
    this.#close();
    this.heard = 0;
  }

  #close(): void {
    this.deadline = Infinity;
    this.#asks = 0;
    this.#isFruitful = false;
  }
}
