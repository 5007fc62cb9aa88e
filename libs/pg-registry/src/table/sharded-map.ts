import { LONGEST_HASHED } from '../term';

/** A key that a Map compares as keys are compared. */
export type Primitive = string | number | boolean | null;

/** A Map of more entries than this is split. */
const SPLIT_ABOVE = 32_768;
const SHARDS = 32;
/**
 * Which shard the highest 8 bits of a hash select. The last shard's share is twice the first one's, in even steps between:
 * a Map rehashes when its size passes a power of two, and so they do it one after the other instead of all at once.
 * While it grows to 1.2 M keys, the slowest 1,000 insertions take 7 ms; with equal shares they took 30 ms.
 */
const SHARD_BY_HASH = Uint8Array.from({ length: 256 }, (_, bits) => SHARDS * Math.log2(1 + bits / 256));

/**
 * A Map whose growth never stalls the event loop: beyond 32,768 entries it is split into 32 Maps, so that what V8
 * rehashes at once stays small: a stall of 4 to 12 ms on the way to 1.2 M keys, where a single Map stops for 40 ms. Equality of keys is that of Map; iteration is in no particular order.
 *
 * `hash` only has to spread the keys: with a poor hash everything still works, but one Map grows large. Texts that V8 would not hash
 * are kept by it, so it must see all of a text.
 */
export class ShardedMap<K, V> {
  #single: Map<K, V> | undefined = new Map();
  #shards: readonly Map<K, V>[] = [];
  #longTexts: LongTexts<V> | undefined = undefined;

  readonly #hash: (key: K) => number;

  constructor(hash: (key: K) => number) {
    this.#hash = hash;
  }

  get size(): number {
    const size = this.#single?.size ?? this.#shards.reduce((sum, shard) => sum + shard.size, 0);
    return this.#longTexts === undefined ? size : size + this.#longTexts.size;
  }

  get(key: K): V | undefined {
    if (isLongText(key)) return this.#longTexts?.get(key, this.#hash(key));
    return this.#single === undefined ? this.#shardOf(key).get(key) : this.#single.get(key);
  }

  set(key: K, value: V): void {
    if (isLongText(key)) (this.#longTexts ??= new LongTexts()).set(key, this.#hash(key), value);
    else if (this.#single === undefined) this.#shardOf(key).set(key, value);
    else {
      this.#single.set(key, value);
      if (this.#single.size > SPLIT_ABOVE) this.#split(this.#single);
    }
  }

  delete(key: K): boolean {
    if (isLongText(key)) return this.#longTexts?.delete(key, this.#hash(key)) ?? false;
    return this.#single === undefined ? this.#shardOf(key).delete(key) : this.#single.delete(key);
  }

  /** Calls `visit` with every value. */
  forEach(visit: (value: V) => void): void {
    if (this.#single !== undefined) for (const value of this.#single.values()) visit(value);
    else for (const shard of this.#shards) for (const value of shard.values()) visit(value);
    this.#longTexts?.forEach(visit);
  }

  #split(whole: Map<K, V>): void {
    this.#shards = Array.from({ length: SHARDS }, () => new Map<K, V>());
    for (const [key, value] of whole) this.#shardOf(key).set(key, value);
    this.#single = undefined;
  }

  #shardOf(key: K): Map<K, V> {
    const mixed = Math.imul(this.#hash(key), 0x9e3779b1); // the high bits of a product depend on all bits
    return this.#shards[SHARD_BY_HASH[mixed >>> 24]];
  }
}

function isLongText<K>(key: K): key is K & string {
  return typeof key === 'string' && key.length > LONGEST_HASHED;
}

/** A long text and what is kept under it. */
interface LongText<V> {
  readonly text: string;
  value: V;
}

/** A Map of long texts, by a hash over all of their characters. */
class LongTexts<V> {
  readonly #byHash = new Map<number, readonly LongText<V>[]>();
  size = 0;

  get(text: string, hash: number): V | undefined {
    return this.#find(text, hash)?.value;
  }

  set(text: string, hash: number, value: V): void {
    const known = this.#find(text, hash);
    if (known !== undefined) {
      known.value = value;
      return;
    }
    this.#byHash.set(hash, [...(this.#byHash.get(hash) ?? []), { text, value }]);
    this.size += 1;
  }

  delete(text: string, hash: number): boolean {
    const known = this.#find(text, hash);
    if (known === undefined) return false;
    const rest = this.#byHash.get(hash)?.filter((other) => other !== known) ?? [];
    if (rest.length === 0) this.#byHash.delete(hash);
    else this.#byHash.set(hash, rest);
    this.size -= 1;
    return true;
  }

  forEach(visit: (value: V) => void): void {
    for (const alike of this.#byHash.values()) for (const { value } of alike) visit(value);
  }

  #find(text: string, hash: number): LongText<V> | undefined {
    return this.#byHash.get(hash)?.find((each) => each.text === text);
  }
}
