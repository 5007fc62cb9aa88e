/**
 * Two nodes compare digests to learn whether they hold the same entries of an owner: how many there are, and a 64-bit hash
 * over their (entry number, revision) pairs that does not depend on order. The halves are unsigned 32-bit integers.
 */
export interface Digest {
  readonly count: number;
  readonly hashHigh: number;
  readonly hashLow: number;
}

/** Whether two digests of the same moment tell of the same entries. */
export function sameDigest(a: Digest, b: Digest): boolean {
  return a.count === b.count && a.hashHigh === b.hashHigh && a.hashLow === b.hashLow;
}

/** The digest of an owner without entries. */
export const EMPTY_DIGEST: Digest = Object.freeze({ count: 0, hashHigh: 0, hashLow: 0 });

/**
 * A {@link Digest} kept up to date entry by entry, each step in constant time.
 *
 * The hash of a set is the sum, modulo 2³² in each half, of well-mixed hashes of its pairs: adding and removing commute,
 * and a sum, unlike an exclusive or, also notices a pair that was counted twice.
 */
export class RunningDigest {
  #count = 0;
  #high = 0;
  #low = 0;

  /** The digest as it is now, as a value of its own. */
  read(): Digest {
    return { count: this.#count, hashHigh: this.#high >>> 0, hashLow: this.#low >>> 0 };
  }

  /**
   * Counts an entry in (`1`) or out (`-1`): adds or takes away MurmurHash3 (x86, 32 bits) of the four 32-bit words of its number and
   * its revision, two non-negative safe integers, for two seeds. The words are scrambled once for both, which is faster than one hash
   * after the other.
   */
  change(sign: 1 | -1, number: number, revision: number): void {
    const numberLow = scramble(number | 0);
    const numberHigh = scramble((number / WORD) | 0);
    const revisionLow = scramble(revision | 0);
    const revisionHigh = scramble((revision / WORD) | 0);
    let high = HIGH_SEED;
    let low = LOW_SEED;
    high = round(high, numberLow);
    low = round(low, numberLow);
    high = round(high, numberHigh);
    low = round(low, numberHigh);
    high = round(high, revisionLow);
    low = round(low, revisionLow);
    high = round(high, revisionHigh);
    low = round(low, revisionHigh);
    this.#count += sign;
    this.#high = (this.#high + sign * finish(high)) | 0;
    this.#low = (this.#low + sign * finish(low)) | 0;
  }
}

const HIGH_SEED = 0x3c6ef372;
const LOW_SEED = 0x5be0cd19;
const WORD = 2 ** 32;
/** Bytes of the two integers: the original mixes the length in. */
const LENGTH = 16;

function scramble(word: number): number {
  const k = Math.imul(word, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}

function round(hash: number, scrambled: number): number {
  const mixed = hash ^ scrambled;
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let mixed = hash ^ LENGTH;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
