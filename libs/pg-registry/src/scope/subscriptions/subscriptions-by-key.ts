import { isLargeKey, type Key, KeyMap } from '../../term';

/**
 * A Map from the keys that somebody follows. Peers choose the keys that change, and may change an entry thousands of times in a turn: so of a
 * large key, which the rows of a table share, it is remembered whether anybody follows it, and a bigint that is larger than all that were
 * ever followed is not written out to be compared. What is remembered goes with the key, and whenever what is followed changes.
 */
export class SubscriptionsByKey<T> {
  readonly #byKey = new KeyMap<T>();
  /** Of large keys that were looked up; made anew when what is followed changes. */
  #known = new WeakMap<object, { readonly found: T | undefined }>();
  #largestBigint = -1n;

  /** How many keys are followed. */
  get size(): number {
    return this.#byKey.size;
  }

  /** What is kept of a key. */
  get(key: Key): T | undefined {
    if (typeof key === 'bigint') return sizeOf(key) > this.#largestBigint ? undefined : this.#byKey.get(key);
    if (typeof key !== 'object' || key === null || !isLargeKey(key)) return this.#byKey.get(key);
    let known = this.#known.get(key);
    if (known === undefined) this.#known.set(key, (known = { found: this.#byKey.get(key) }));
    return known.found;
  }

  /** Keeps something of a key. */
  set(key: Key, value: T): void {
    this.#known = new WeakMap();
    if (typeof key === 'bigint' && sizeOf(key) > this.#largestBigint) this.#largestBigint = sizeOf(key);
    this.#byKey.set(key, value);
  }

  /** Forgets a key. */
  delete(key: Key): void {
    this.#known = new WeakMap();
    this.#byKey.delete(key);
  }
}

function sizeOf(key: bigint): bigint {
  return key < 0n ? -key : key;
}
