/**
 * What two nodes compare to learn whether they hold the same entries of an owner: how many there are, and a 64-bit hash
 * over their (entry number, revision) pairs that does not depend on order. The halves are unsigned 32-bit integers.
 */
export interface Digest {
  readonly count: number;
  readonly hashHigh: number;
  readonly hashLow: number;
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
  private count = 0;
  private high = 0;
  private low = 0;

  add(number: number, revision: number): void {
    this.count += 1;
    this.high = (this.high + mix(HIGH_SEED, number, revision)) | 0;
    this.low = (this.low + mix(LOW_SEED, number, revision)) | 0;
  }

  subtract(number: number, revision: number): void {
    this.count -= 1;
    this.high = (this.high - mix(HIGH_SEED, number, revision)) | 0;
    this.low = (this.low - mix(LOW_SEED, number, revision)) | 0;
  }

  /** The digest as it is now, as a value of its own. */
  read(): Digest {
    return { count: this.count, hashHigh: this.high >>> 0, hashLow: this.low >>> 0 };
  }
}

const HIGH_SEED = 0x3c6ef372;
const LOW_SEED = 0x5be0cd19;
const WORD = 2 ** 32;

/** MurmurHash3 (x86, 32 bits) of the four 32-bit words of two non-negative safe integers. */
function mix(seed: number, number: number, revision: number): number {
  let hash = round(seed, number | 0);
  hash = round(hash, (number / WORD) | 0);
  hash = round(hash, revision | 0);
  hash = round(hash, (revision / WORD) | 0);
  hash ^= 16; // length in bytes, as the original does
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function round(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const mixed = hash ^ k;
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}
