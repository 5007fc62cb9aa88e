import type { Value } from '../value';

/**
 * So many keys of a Map, or members of a Set, may stand in one chain of V8's hash table. A chain is searched from one end to
 * the other, and V8 hashes numbers and bigints without a seed: a peer that chooses many that hash alike makes a Map that costs
 * the square of its size. By chance no chain reaches a tenth of this.
 */
export const LONGEST_CHAIN = 128;

const WORDS = new BigUint64Array(1);
const FLOATS = new Float64Array(WORDS.buffer);
const HALVES = new Int32Array(WORDS.buffer);
const WORD = 2 ** 32;

/** Whether more than {@link LONGEST_CHAIN} of the keys, set one after the other, get into one chain. Cost: linear. */
export function hasLongChain(keys: readonly Value[]): boolean {
  if (keys.length <= LONGEST_CHAIN) return false;
  const hashes: number[] = [];
  for (const key of keys) if (typeof key === 'number' || typeof key === 'bigint') hashes.push(hashOf(key));
  if (hashes.length <= LONGEST_CHAIN) return false;
  // While a table grows it has one chain for two keys. In a larger one the chains are no longer, but more keys fit in.
  for (let chains = LONGEST_CHAIN; ; chains *= 2) {
    if (longestOf(hashes, chains) > LONGEST_CHAIN) return true;
    if (chains * 2 >= keys.length) return false;
  }
}

/** The longest of so many chains when it holds as many keys as it can. */
function longestOf(hashes: readonly number[], chains: number): number {
  const lengths = new Uint32Array(chains);
  let longest = 0;
  for (let at = 0; at < hashes.length && at < chains * 2; at += 1) {
    const length = (lengths[hashes[at] & (chains - 1)] += 1);
    if (length > longest) longest = length;
  }
  return longest;
}

/** V8's hash of a number or bigint. If another version has another one, v8-hash.spec.ts fails. */
export function hashOf(key: number | bigint): number {
  if (typeof key === 'bigint') {
    WORDS[0] = key < 0n ? -key : key;
    return key === 0n ? 0 : longHash(HALVES[0], HALVES[1]);
  }
  if (key === (key | 0)) return integerHash(key);
  FLOATS[0] = key;
  return longHash(HALVES[0], HALVES[1]);
}

/** `ComputeUnseededHash` of V8. */
function integerHash(key: number): number {
  let hash = (~key + (key << 15)) | 0;
  hash ^= hash >>> 12;
  hash = (hash + (hash << 2)) | 0;
  hash ^= hash >>> 4;
  hash = Math.imul(hash, 2057);
  hash ^= hash >>> 16;
  return hash & 0x3fffffff;
}

/** `ComputeLongHash` of V8, of 64 bits in two halves; its shifts and sums are products with small numbers here. */
function longHash(keyLow: number, keyHigh: number): number {
  let low = keyLow >>> 0;
  let high = keyHigh;

  // hash = ~hash + (hash << 18), which is hash * (2^18 - 1) - 1
  let product = low * 0x3ffff - 1;
  high = (Math.imul(high, 0x3ffff) + Math.floor(product / WORD)) | 0;
  low = product | 0;
  // hash ^ (hash >>> 31)
  low ^= (high << 1) | (low >>> 31);
  high ^= high >>> 31;

  product = (low >>> 0) * 21;
  high = (Math.imul(high, 21) + Math.floor(product / WORD)) | 0;
  low = product | 0;
  low ^= (low >>> 11) | (high << 21);
  high ^= high >>> 11;

  // hash + (hash << 6)
  product = (low >>> 0) * 65;
  high = (Math.imul(high, 65) + Math.floor(product / WORD)) | 0;
  low = product | 0;
  return (low ^ ((low >>> 22) | (high << 10))) & 0x3fffffff;
}
