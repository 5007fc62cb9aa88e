import { canonicalText, FIXED_SEED, type HashSeed, type Key } from '../term';
import { ShardedMap, type Primitive } from './sharded-map';

/**
 * A Map from keys, compared by structure ({@link sameKey}). An array key has one level per element: looking up an array of
 * primitives makes no string of it, and everything below a prefix is found at the cost of the answer.
 *
 * Values are objects, none of them a {@link Level}.
 */
export class KeyTrie<T extends object> {
  /** Keys that are no arrays. */
  readonly #flat: Level<T>;
  /** Array keys by their first elements. */
  readonly #root: Level<T>;

  /** @param seed Of the node: peers choose keys. */
  constructor(seed: HashSeed = FIXED_SEED) {
    this.#flat = new Level(seed);
    this.#root = new Level(seed);
  }

  /** Whether it has no key. */
  get isEmpty(): boolean {
    return this.#root.isEnd && this.#flat.isEnd;
  }

  get(key: Key): T | undefined {
    const child = isArrayKey(key) ? this.#find(key) : this.#flat.get(key);
    return child instanceof Level ? child.value : child;
  }

  /**
   * As {@link get}, for an unchecked key: a primitive or an array of primitives is looked up as it is, without a copy;
   * anything else is not found, not even a Proxy that throws.
   */
  peek(key: unknown): T | undefined {
    try {
      if (!Array.isArray(key)) return valueOf(this.#flat.peek(key));
      let child: Child<T> | undefined = this.#root;
      for (const element of key) {
        if (!(child instanceof Level)) return undefined;
        child = child.peek(element);
      }
      return valueOf(child);
    } catch {
      return undefined;
    }
  }

  set(key: Key, value: T): void {
    if (!isArrayKey(key)) return this.#flat.set(key, value);
    let level = this.#root;
    for (let at = 0; at < key.length; at += 1) {
      const child = level.get(key[at]);
      if (child instanceof Level) level = child;
      else if (at === key.length - 1) return level.set(key[at], value);
      else level = level.deepen(key[at], child);
    }
    level.value = value;
  }

  /** Removes a key, and every level that only led to it. */
  delete(key: Key): void {
    if (isArrayKey(key)) deleteBelow(this.#root, key, 0);
    else this.#flat.delete(key);
  }

  /** The values of all keys, in no particular order. */
  values(): T[] {
    const found: T[] = [];
    this.#flat.collect(found);
    this.#root.collect(found);
    return found;
  }

  /** The values of all array keys that begin with the elements of `prefix`, that key itself included. Cost: the answer. */
  below(prefix: readonly Key[]): T[] {
    const found: T[] = [];
    const start = this.#find(prefix);
    if (start instanceof Level) start.collect(found);
    else if (start !== undefined) found.push(start);
    return found;
  }

  #find(key: readonly Key[]): Child<T> | undefined {
    let child: Child<T> | undefined = this.#root;
    for (const element of key) {
      if (!(child instanceof Level)) return undefined;
      child = child.get(element);
    }
    return child;
  }
}

function valueOf<T>(child: Child<T> | undefined): T | undefined {
  return child instanceof Level ? child.value : child;
}

/** `Array.isArray`, which by its own type does not narrow a readonly array out of a union. */
const isArrayKey: (key: Key) => key is readonly Key[] = Array.isArray;

function deleteBelow<T>(level: Level<T>, key: readonly Key[], depth: number): void {
  if (depth === key.length) {
    level.value = undefined;
    return;
  }
  const child = level.get(key[depth]);
  if (child instanceof Level) {
    deleteBelow(child, key, depth + 1);
    if (!child.isEnd) return;
    // A level at which nothing goes on any more becomes its value again.
    if (child.value !== undefined) return level.set(key[depth], child.value);
  } else if (depth < key.length - 1) return; // another key ends here, the one to be removed is not there
  level.delete(key[depth]);
}

/** What is at one key of a level: a level of its own, or the value alone where nothing goes on behind it. */
type Child<T> = Level<T> | T;

/**
 * One level of a {@link KeyTrie}: a Map of keys that are compared by structure.
 *
 * Strings, booleans and null are found as they are, and 32-bit integers by the token that the seed gives them. All else is
 * found by a text, in a Map of its own, so that no string can be taken for one of them, and an unchecked primitive may be
 * looked up, too.
 */
class Level<T> {
  /** The value of the key that ends here. */
  value: T | undefined = undefined;
  readonly #seed: HashSeed;
  readonly #byToken: ShardedMap<Primitive, Child<T>>;
  #byText: ShardedMap<Primitive, Child<T>> | undefined = undefined;

  constructor(seed: HashSeed) {
    this.#seed = seed;
    this.#byToken = new ShardedMap(seed.spread);
  }

  /** Whether nothing goes on from here. */
  get isEnd(): boolean {
    return this.#byToken.size === 0 && (this.#byText === undefined || this.#byText.size === 0);
  }

  get(key: Key): Child<T> | undefined {
    if (typeof key === 'string') return this.#byToken.get(key); // the most frequent keys need few questions
    if (typeof key === 'number') return this.#ofNumber(key);
    const token = this.#tokenOf(key);
    return typeof token === 'string' ? this.#byText?.get(token) : this.#byToken.get(token);
  }

  /** As {@link get} for a primitive; whatever else `key` is, it is not found. */
  peek(key: unknown): Child<T> | undefined {
    if (typeof key === 'string') return this.#byToken.get(key);
    if (typeof key === 'number') return this.#ofNumber(key);
    if (typeof key === 'object' && key !== null) return undefined;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a Map may be asked for anything
    return this.get(key as Key);
  }

  #ofNumber(key: number): Child<T> | undefined {
    const token = this.#seed.tokenOf(key);
    return typeof token === 'number' ? this.#byToken.get(token) : this.#byText?.get(token);
  }

  set(key: Key, child: Child<T>): void {
    if (typeof key === 'string') return this.#byToken.set(key, child);
    const token = this.#tokenOf(key);
    if (typeof token === 'string') (this.#byText ??= new ShardedMap(this.#seed.spread)).set(token, child);
    else this.#byToken.set(token, child);
  }

  delete(key: Key): void {
    if (typeof key === 'string') {
      this.#byToken.delete(key);
      return;
    }
    const token = this.#tokenOf(key);
    if (typeof token === 'string') this.#byText?.delete(token);
    else this.#byToken.delete(token);
  }

  /** Puts a level at `key`, where at most a value was, so that keys can go on behind it. */
  deepen(key: Key, value: T | undefined): Level<T> {
    const level = new Level<T>(this.#seed);
    level.value = value;
    this.set(key, level);
    return level;
  }

  /** Adds every value of this level and of all below. */
  collect(into: T[]): void {
    if (this.value !== undefined) into.push(this.value);
    const take = (child: Child<T>): void => {
      if (child instanceof Level) child.collect(into);
      else into.push(child);
    };
    this.#byToken.forEach(take);
    this.#byText?.forEach(take);
  }

  /**
   * What a Map is asked for in place of a key that is no string; a text is asked of {@link #byText}. V8 hashes numbers and bigints without a
   * seed, so neither stands in a Map.
   */
  #tokenOf(key: Exclude<Key, string>): Primitive {
    switch (typeof key) {
      case 'number':
        return this.#seed.tokenOf(key);
      case 'bigint':
        return canonicalText(key);
      case 'object':
        return key === null ? null : canonicalText(key);
      case 'string':
      case 'boolean':
      case 'undefined':
      case 'function':
      case 'symbol':
      default:
        return key;
    }
  }
}
