/** Several receivers lose the same frame at once: they ask spread over this time. */
const JITTER_MS = 20;
/** An answer that comes in several frames is given this long between them before the rest is asked for. */
const BETWEEN_ANSWERS_MS = 5;
/** An ask without any answer is repeated after this long, then after twice as long, up to the longest. */
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1000;
/** So many asks in vain, and the stream is synced instead. */
const MAX_ASKS = 8;

/**
 * Operations of a stream that were heard of but not received: when to ask for them.
 *
 * Closed → (something missing) → waiting out its jitter → asked → … → closed, as soon as nothing is missing any more. Operations
 * that arrive while a gap is open count as an answer: the next ask is soon, and the count of asks in vain starts again.
 */
export class Gap {
  /** When to ask; Infinity while nothing is missing. */
  deadline = Infinity;
  private heardOf = 0;
  private asks = 0;

  constructor(private readonly random: () => number) {}

  /** The last operation that the owner is known to have. */
  get heard(): number {
    return this.heardOf;
  }

  hear(number: number): void {
    if (number > this.heardOf) this.heardOf = number;
  }

  /** Call it when `applied` or `heard` may have changed; `progressed` says that operations were applied. */
  settle(applied: number, progressed: boolean, now: number): void {
    if (this.heardOf <= applied) {
      this.deadline = Infinity;
      this.asks = 0;
    } else if (this.deadline === Infinity) {
      this.deadline = now + this.random() * JITTER_MS;
    } else if (progressed && this.asks > 0) {
      this.deadline = now + BETWEEN_ANSWERS_MS;
      this.asks = 0;
    }
  }

  /** If something is missing, asks for it soon; asks so far were in vain for another reason than that it is gone. */
  hasten(now: number): void {
    if (this.deadline === Infinity) return;
    this.asks = 0;
    this.deadline = Math.min(this.deadline, now + this.random() * JITTER_MS);
  }

  /** Counts an ask that is sent now. Returns false if there were too many in vain. */
  ask(now: number): boolean {
    this.deadline = now + Math.min(FIRST_RETRY_MS * 2 ** this.asks, LONGEST_RETRY_MS);
    return ++this.asks <= MAX_ASKS;
  }

  /** Starts again, knowing nothing. */
  reset(): void {
    this.deadline = Infinity;
    this.heardOf = 0;
    this.asks = 0;
  }
}
