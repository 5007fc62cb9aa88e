/** So many hints in a row may show nothing new before the next are followed more slowly: writes that are refused hint, too. */
const FREE = 3;
/** How long the next hint waits at most, in milliseconds. */
const LONGEST_MS = 500;
/** So many hints may be followed at once that showed something new. */
const FREE_CHANGES = 20;
/** How long the next one waits then, counted from the last, in milliseconds. */
const CHANGES_MS = 20;
/** After so long without a hint that was followed, changes count from the beginning, in milliseconds. */
const QUIET_MS = 1000;
/** A hint may be faster than the write that it tells of. A record that has not changed is read again after these times, in milliseconds. */
const LOOKS_AGAIN_MS = [2, 20];

/**
 * Says when a hint about one record is followed by a read. Anybody who may write records can hint at any rate, with or without writing
 * anything, and a read may bring half a megabyte. After hints that showed nothing new the next one waits, for twice as long each time. After many
 * that did show something, and brought this node nothing, each waits a little: a record that is written all the time would keep the node busy.
 */
export class HintPace {
  /** Hints in a row that showed nothing new. */
  #vain = 0;
  #revision = -1;
  /** Hints in a row that showed something new, of no use so far. */
  #changes = 0;
  /** When the last read began that followed a hint; monotonic milliseconds. */
  #followedAt = -Infinity;
  #isFollowing = false;
  /** Reads since the last hint that showed nothing new, the one that followed it included. */
  #looks = 0;

  /** When a hint that comes now may be followed, in monotonic milliseconds: now, or later. */
  next(now: number): number {
    if (now - this.#followedAt > QUIET_MS) this.#changes = 0;
    const vainMs = this.#vain < FREE ? 0 : Math.min(2 ** (this.#vain - FREE), LONGEST_MS);
    const changesMs = this.#changes < FREE_CHANGES ? 0 : CHANGES_MS;
    return Math.max(now, this.#followedAt + Math.max(vainMs, changesMs));
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

  /** A hint has brought what this node waits for. */
  hit(): void {
    this.#changes = 0;
  }

  /** A read showed this revision; 0: no record. */
  saw(revision: number): void {
    if (revision !== this.#revision) {
      this.#vain = this.#looks = 0;
      if (this.#isFollowing) this.#changes += 1;
    } else if (this.#isFollowing) {
      this.#vain += 1;
      this.#looks = 1;
    } else if (this.#looks > 0) this.#looks += 1;
    this.#isFollowing = false;
    this.#revision = revision;
  }
}
