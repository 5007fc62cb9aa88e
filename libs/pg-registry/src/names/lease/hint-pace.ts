/** So many hints in a row may show nothing new before the next are followed more slowly: writes that are refused hint, too. */
const FREE = 3;
/** How long the next hint waits at most, in milliseconds. */
const LONGEST_MS = 500;
/** A hint may be faster than the write that it tells of. A record that has not changed is read again after these times, in milliseconds. */
const LOOKS_AGAIN_MS = [2, 20];

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
  /** Reads since the last hint that showed nothing new, the one that followed it included. */
  #looks = 0;

  /** When a hint that comes now may be followed, in monotonic milliseconds: now, or later. */
  next(now: number): number {
    const pauseMs = this.#vain < FREE ? 0 : Math.min(2 ** (this.#vain - FREE), LONGEST_MS);
    return Math.max(now, this.#followedAt + pauseMs);
  }

  /** How soon the record should be read again without a hint, in milliseconds; Infinity: there is no reason to. */
  get lookAgainMs(): number {
    return LOOKS_AGAIN_MS[this.#looks - 1] ?? Infinity;
  }

  /** A read begins that follows a hint. */
  follow(now: number): void {
    this.#followedAt = now;
    this.#isFollowing = true;
  }

  /** A read showed this revision; 0: no record. */
  saw(revision: number): void {
    if (revision !== this.#revision) this.#vain = this.#looks = 0;
    else if (this.#isFollowing) {
      this.#vain += 1;
      this.#looks = 1;
    } else if (this.#looks > 0) this.#looks += 1;
    this.#isFollowing = false;
    this.#revision = revision;
  }
}
