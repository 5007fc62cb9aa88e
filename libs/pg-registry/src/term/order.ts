import { bytesKind, bytesOf, type Bytes } from './bytes';
import { isArray, isBytes, isDate, isMap, isSet, type ValueRecord } from './value-kind';
import { isPid, type Pid } from './pid';
import type { Value } from './value';

const RANK = {
  number: 0,
  null: 1,
  false: 2,
  true: 3,
  pid: 4,
  date: 5,
  array: 6,
  record: 7,
  map: 8,
  set: 9,
  string: 10,
  bytes: 11,
  undefined: 12,
} as const;

/**
 * The total order of values, consistent with {@link sameValue}: 0 exactly for values that are the same.
 *
 * number and bigint by value < null < false < true < Pid < Date < array < object < Map < Set < string < bytes <
 * undefined (where JavaScript's `sort` puts it, whatever it is told). `1` stands before `1n`, NaN after every other
 * number and bigint. Pids by node, incarnation, number; arrays element by element, a prefix first; objects, Maps and
 * Sets by size, then sorted names or keys, then what they hold; strings by UTF-16 unit like JavaScript's `<`; bytes by
 * kind (ArrayBuffer first), then byte by byte.
 * Mirrors the order of Erlang terms.
 *
 * @returns Negative: `a` first; positive: `b` first.
 */
export function compareValues(a: Value, b: Value): number {
  const ranks = rankOf(a) - rankOf(b);
  if (ranks !== 0) return ranks;
  if (typeof a === 'string' && typeof b === 'string') return ascending(a, b);
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b);
  return typeof a === 'object' && typeof b === 'object' ? new Comparison().of(a, b) : 0;
}

function rankOf(value: Value): number {
  if (isNumeric(value)) return RANK.number;
  if (typeof value === 'string') return RANK.string;
  if (typeof value === 'boolean') return value ? RANK.true : RANK.false;
  if (value === undefined) return RANK.undefined;
  if (value === null) return RANK.null;
  if (isPid(value)) return RANK.pid;
  if (isArray(value)) return RANK.array;
  if (isDate(value)) return RANK.date;
  if (isMap(value)) return RANK.map;
  if (isSet(value)) return RANK.set;
  return isBytes(value) ? RANK.bytes : RANK.record;
}

const isNumeric = (value: Value): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint';
const isRecord = (value: Value): value is ValueRecord =>
  typeof value === 'object' && rankOf(value) === RANK.record;

function ascending<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  // Neither: equal by value, where the number stands before the bigint, or at least one is NaN.
  const [aIsNaN, bIsNaN] = [a !== a, b !== b];
  if (aIsNaN || bIsNaN) return Number(aIsNaN) - Number(bIsNaN);
  return Number(typeof a === 'bigint') - Number(typeof b === 'bigint');
}

function comparePids(a: Pid, b: Pid): number {
  return ascending(a.node, b.node) || ascending(a.incarnation, b.incarnation) || a.id - b.id;
}

function compareBytes(a: Bytes, b: Bytes): number {
  return (bytesKind(a) ?? 0) - (bytesKind(b) ?? 0) || Buffer.compare(bytesOf(a), bytesOf(b));
}

/**
 * One comparison of two values. It puts each object, Map and Set in it into order only once: sorting the members of a Set
 * compares each of them several times, and with every level of nesting that would multiply.
 */
class Comparison {
  readonly #sorted = new Map<object, readonly Value[]>();

  readonly of = (a: Value, b: Value): number => {
    const ranks = rankOf(a) - rankOf(b);
    if (ranks !== 0) return ranks;
    if (typeof a === 'string' && typeof b === 'string') return ascending(a, b);
    if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b);
    if (isPid(a) && isPid(b)) return comparePids(a, b);
    if (isDate(a) && isDate(b)) return a.getTime() - b.getTime();
    if (isArray(a) && isArray(b)) return this.#arrays(a, b);
    if (isMap(a) && isMap(b)) return this.#maps(a, b);
    if (isSet(a) && isSet(b)) return a.size - b.size || this.#arrays(this.#keys(a), this.#keys(b));
    if (isBytes(a) && isBytes(b)) return compareBytes(a, b);
    return isRecord(a) && isRecord(b) ? this.#records(a, b) : 0;
  };

  #arrays(a: readonly Value[], b: readonly Value[]): number {
    const shorter = Math.min(a.length, b.length);
    for (let i = 0; i < shorter; i += 1) {
      const difference = this.of(a[i], b[i]);
      if (difference !== 0) return difference;
    }
    return a.length - b.length;
  }

  #records(a: ValueRecord, b: ValueRecord): number {
    const names = this.#names(a);
    const otherNames = this.#names(b);
    if (names.length !== otherNames.length) return names.length - otherNames.length;
    const difference = this.#arrays(names, otherNames);
    if (difference !== 0) return difference;
    for (const name of names) {
      const held = this.of(a[name], b[name]);
      if (held !== 0) return held;
    }
    return 0;
  }

  #maps(a: ReadonlyMap<Value, Value>, b: ReadonlyMap<Value, Value>): number {
    if (a.size !== b.size) return a.size - b.size;
    const keys = this.#keys(a);
    const otherKeys = this.#keys(b);
    const difference = this.#arrays(keys, otherKeys);
    if (difference !== 0) return difference;
    for (let i = 0; i < keys.length; i += 1) {
      const held = this.of(a.get(keys[i]), b.get(otherKeys[i]));
      if (held !== 0) return held;
    }
    return 0;
  }

  #names(record: ValueRecord): readonly string[] {
    return this.#once(record, () => Object.keys(record).toSorted());
  }

  /** The keys of a Map, or the members of a Set, in order. */
  #keys(held: ReadonlyMap<Value, Value> | ReadonlySet<Value>): readonly Value[] {
    return this.#once(held, () => [...held.keys()].toSorted(this.of));
  }

  #once<T extends Value>(object: object, sort: () => readonly T[]): readonly T[] {
    let sorted = this.#sorted.get(object);
    if (sorted === undefined) this.#sorted.set(object, (sorted = sort()));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each object is asked about by one method only
    return sorted as readonly T[];
  }
}
