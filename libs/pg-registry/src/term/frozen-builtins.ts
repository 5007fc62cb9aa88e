/**
 * Map, Set and Date as they stand in stored values: `Object.freeze` does not stop a Map, Set or Date from changing,
 * so these subclasses refuse to. They say that Map, Set and Date made them, and to readers (`instanceof`,
 * `structuredClone`, `util.inspect`, Jest's `toEqual`) they are plain ones. Only code that borrows the methods of
 * the base class (`Map.prototype.set.call(…)`) gets past them. What it changes never travels: one that is made with
 * `keepsContent` also keeps, out of reach, what it was made with, and that is what is sent.
 */
function refuse(): never {
  throw new TypeError('A stored value cannot be changed: copy it, change the copy, and store that.');
}

function pose(prototype: object, base: object, mutators: readonly string[]): void {
  Object.defineProperty(prototype, 'constructor', { value: base });
  for (const name of mutators) Object.defineProperty(prototype, name, { value: refuse });
}

/** A Map whose mutators throw. */
export class FrozenMap<K, V> extends Map<K, V> {
  static {
    pose(this.prototype, Map, ['set', 'delete', 'clear']);
  }

  readonly #original: readonly (readonly [K, V])[] | undefined;

  /**
   * Entries with the same key (by `Object.is`, but `-0` is `0`) collapse; compare `size` if that matters.
   *
   * @param keepsContent Whether it keeps the array, which must not change.
   */
  constructor(entries: readonly (readonly [K, V])[], keepsContent = false) {
    super();
    for (const [key, value] of entries) super.set(key, value);
    this.#original = keepsContent ? entries : undefined;
    Object.freeze(this);
  }

  /** Returns the entries that a Map was made with, if it keeps them. */
  static originalOf<K, V>(map: ReadonlyMap<K, V>): readonly (readonly [K, V])[] | undefined {
    return map instanceof FrozenMap ? map.#original : undefined;
  }
}

/** A Set whose mutators throw. */
export class FrozenSet<T> extends Set<T> {
  static {
    pose(this.prototype, Set, ['add', 'delete', 'clear']);
  }

  readonly #original: readonly T[] | undefined;

  /**
   * Equal members collapse; compare `size` if that matters.
   *
   * @param keepsContent Whether it keeps the array, which must not change.
   */
  constructor(members: readonly T[], keepsContent = false) {
    super();
    for (const member of members) super.add(member);
    this.#original = keepsContent ? members : undefined;
    Object.freeze(this);
  }

  /** Returns the members that a Set was made with, if it keeps them. */
  static originalOf<T>(set: ReadonlySet<T>): readonly T[] | undefined {
    return set instanceof FrozenSet ? set.#original : undefined;
  }
}

/** A Date whose setters throw. */
export class FrozenDate extends Date {
  static {
    const setters = Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith('set'));
    pose(this.prototype, Date, setters);
  }

  readonly #original: number;

  /** @param ms A valid time: milliseconds since 1970-01-01 UTC, an integer of at most 8.64e15 either way. */
  constructor(ms: number) {
    super(ms);
    this.#original = ms;
    Object.freeze(this);
  }

  /** Returns the time that a Date was made with, in milliseconds. */
  static originalOf(date: Date): number {
    return date instanceof FrozenDate ? date.#original : date.getTime();
  }
}
