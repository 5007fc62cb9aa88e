/**
 * Map, Set and Date as they stand in stored values: `Object.freeze` does not stop a Map, Set or Date from changing,
 * so these subclasses refuse to. They say that Map, Set and Date made them, and to readers (`instanceof`,
 * `structuredClone`, `util.inspect`, Jest's `toEqual`) they are plain ones. Only code that borrows the methods of
 * the base class (`Map.prototype.set.call(…)`) gets past them; what it changes never travels.
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

  /** Entries with the same key (by `Object.is`, but `-0` is `0`) collapse; compare `size` if that matters. */
  constructor(entries: Iterable<readonly [K, V]>) {
    super();
    for (const [key, value] of entries) super.set(key, value);
    Object.freeze(this);
  }
}

/** A Set whose mutators throw. */
export class FrozenSet<T> extends Set<T> {
  static {
    pose(this.prototype, Set, ['add', 'delete', 'clear']);
  }

  /** Equal members collapse; compare `size` if that matters. */
  constructor(members: Iterable<T>) {
    super();
    for (const member of members) super.add(member);
    Object.freeze(this);
  }
}

/** A Date whose setters throw. */
export class FrozenDate extends Date {
  static {
    const setters = Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith('set'));
    pose(this.prototype, Date, setters);
  }

  /** @param ms A valid time: milliseconds since 1970-01-01 UTC, an integer of at most 8.64e15 either way. */
  constructor(ms: number) {
    super(ms);
    Object.freeze(this);
  }
}
