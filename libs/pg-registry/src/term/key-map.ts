import { keyToken, type KeyToken } from './hash/token';
import type { Key } from './value';

/**
 * A Map whose keys are compared by structure ({@link sameKey}): `map.get(['doc', 'a'])` finds what was set under
 * another `['doc', 'a']`. Iterates in the order in which keys were first set, like a Map.
 *
 * Primitive keys cost a Map's look-up; others a canonical string in O(size of the key). A key is kept as given and
 * must not be changed afterwards; the keys that this library hands out are frozen.
 */
export class KeyMap<T> implements Iterable<[Key, T]> {
  readonly #slots = new Map<KeyToken, { readonly key: Key; value: T }>();

  /** @param entries What it holds at first: pairs of key and value, for instance another map. */
  constructor(entries: Iterable<readonly [Key, T]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }

  /** Number of keys. */
  get size(): number {
    return this.#slots.size;
  }

  /** What is held under a key that is the same; `undefined` if nothing is. */
  get(key: Key): T | undefined {
    return this.#slots.get(keyToken(key))?.value;
  }

  /** Whether something is held under a key that is the same. */
  has(key: Key): boolean {
    return this.#slots.has(keyToken(key));
  }

  /** Holds `value` under `key`. A key that is there already keeps its place and its first object. */
  set(key: Key, value: T): this {
    const token = keyToken(key);
    const slot = this.#slots.get(token);
    if (slot === undefined) this.#slots.set(token, { key, value });
    else slot.value = value;
    return this;
  }

  /** Removes what is held under a key that is the same; `false`: nothing was. */
  delete(key: Key): boolean {
    return this.#slots.delete(keyToken(key));
  }

  /** Removes everything. */
  clear(): void {
    this.#slots.clear();
  }

  /** The keys, in order. */
  *keys(): IterableIterator<Key> {
    for (const slot of this.#slots.values()) yield slot.key;
  }

  /** The values, in order of their keys. */
  *values(): IterableIterator<T> {
    for (const slot of this.#slots.values()) yield slot.value;
  }

  /** Pairs of key and value, in order. */
  *entries(): IterableIterator<[Key, T]> {
    for (const slot of this.#slots.values()) yield [slot.key, slot.value];
  }

  /** Calls `visit` for each key, in order. */
  forEach(visit: (value: T, key: Key, map: this) => void): void {
    for (const slot of this.#slots.values()) visit(slot.value, slot.key, this);
  }

  /** The same as {@link entries}. */
  [Symbol.iterator](): IterableIterator<[Key, T]> {
    return this.entries();
  }

  /** Names the class in `Object.prototype.toString`. */
  get [Symbol.toStringTag](): string {
    return 'KeyMap';
  }

  /** What `console.log` and `util.inspect` print: `KeyMap(1) { [ 'doc', 'a' ] => 1 }`. */
  [Symbol.for('nodejs.util.inspect.custom')](
    _depth: number,
    options: object,
    inspect: (x: unknown, options: object) => string,
  ): string {
    return `Key${inspect(new Map(this), options)}`;
  }
}
