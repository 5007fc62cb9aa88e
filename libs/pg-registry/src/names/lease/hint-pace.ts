/** So many hints in a row may show nothing new before the next are followed more slowly: writes that are refused hint, too. */
const FREE = 3;
/** How long the next hint waits at most, in milliseconds. */
const LONGEST_MS = 500;

/**
 * Says when a hint about one record is followed by a read. Whoever may write records can hint as often as he likes, whether or not he writes
 * anything, and a read may bring half a megabyte: after hints that showed nothing new the next one waits, for twice as long each time.
 */
export class HintPace {
  /** Hints in a row that showed nothing new. */
  #vain = 0;
  #revision = -1;
  /** When the last read began that followed a hint; monotonic milliseconds. */
  #followedAt = -Infinity;
  #isFollowing = false;
  /** Whether the last read followed a hint and showed nothing new: the hint may have been faster than the write that it told of. */
  wasVain = false;

  /** When a hint that comes now may be followed, in monotonic milliseconds: now, or later. */
  next(now: number): number {
    const pauseMs = this.#vain < FREE ? 0 : Math.min(2 ** (this.#vain - FREE), LONGEST_MS);
    return Math.max(now, this.#followedAt + pauseMs);
  }

  /** A read begins that follows a hint. */
  follow(now: number): void {
    this.#followedAt = now;
    this.#isFollowing = true;
  }

  /** A read showed this revision; 0: no record. */
  saw(revision: number): void {
    this.wasVain = this.#isFollowing && revision === this.#revision;
    if (revision !== this.#revision) this.#vain = 0;
    else if (this.#isFollowing) this.#vain += 1;
    this.#isFollowing = false;
    this.#revision = revision;
  }
}
