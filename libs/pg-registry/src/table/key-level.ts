import { canonicalText, type Key } from '../term';
import { hashPrimitive, ShardedMap, type Primitive } from './sharded-map';

/** What is at one key of a level: a level of its own, or the value alone where nothing goes on behind it. */
export type Child<T> = Level<T> | T;

/**
 * One level of a {@link KeyTrie}: a Map of keys that are compared by structure.
 *
 * Primitives are found as they are. Pids, arrays and objects are found by their canonical text, in a Map of their own, so
 * that no string can be taken for one of them: who has not checked a primitive yet may look for it all the same.
 */
export class Level<T> {
  /** What the key holds that ends here. */
  value: T | undefined = undefined;
  readonly #byPrimitive = new ShardedMap<Primitive, Child<T>>(hashPrimitive);
  #byText: ShardedMap<Primitive, Child<T>> | undefined = undefined;

  /** Whether nothing goes on from here. */
  get isEnd(): boolean {
    return this.#byPrimitive.size === 0 && (this.#byText === undefined || this.#byText.size === 0);
  }

  get(key: Key): Child<T> | undefined {
    return isPrimitive(key) ? this.#byPrimitive.get(key) : this.#byText?.get(canonicalText(key));
  }

  /** As {@link get} for a primitive; whatever else `key` is, it is not found. */
  peek(key: unknown): Child<T> | undefined {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a Map may be asked for anything
    return this.#byPrimitive.get(key as Primitive);
  }

  set(key: Key, child: Child<T>): void {
    if (isPrimitive(key)) this.#byPrimitive.set(key, child);
    else (this.#byText ??= new ShardedMap(hashPrimitive)).set(canonicalText(key), child);
  }

  delete(key: Key): void {
    if (isPrimitive(key)) this.#byPrimitive.delete(key);
    else this.#byText?.delete(canonicalText(key));
  }

  /** Puts a level at `key`, where at most a value was, so that keys can go on behind it. */
  deepen(key: Key, value: T | undefined): Level<T> {
    const level = new Level<T>();
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
    this.#byPrimitive.forEach(take);
    this.#byText?.forEach(take);
  }
}

function isPrimitive(key: Key): key is Primitive {
  return typeof key !== 'object' || key === null;
}
