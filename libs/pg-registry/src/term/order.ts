import { bytesKind, bytesOf, type Bytes } from './bytes';
import { isPid, type Pid } from './pid';
import type { Value } from './value';

type Record = { readonly [name: string]: Value };

const RANK = {
  number: 0,
  undefined: 1,
  null: 2,
  false: 3,
  true: 4,
  pid: 5,
  date: 6,
  array: 7,
  record: 8,
  map: 9,
  set: 10,
  string: 11,
  bytes: 12,
} as const;

/**
 * The total order of values, consistent with {@link sameValue}: 0 exactly for values that are the same.
 *
 * number and bigint by value < undefined < null < false < true < Pid < Date < array < object < Map < Set < string <
 * bytes. `1` stands before `1n`, and NaN after every other number and bigint. Pids by node, incarnation, number;
 * arrays element by element, a prefix first; objects, Maps and Sets by size, then sorted names or keys, then what
 * they hold; strings by UTF-16 unit like JavaScript's `<`; bytes by kind (ArrayBuffer first), then byte by byte.
 * Mirrors the order of Erlang terms.
 *
 * @returns negative: `a` first; positive: `b` first.
 */
export function compareValues(a: Value, b: Value): number {
  const rank = rankOf(a);
  const difference = rank - rankOf(b);
  if (difference !== 0) return difference;
  switch (rank) {
    case RANK.number:
      return compareNumbers(a as number | bigint, b as number | bigint);
    case RANK.string:
      return ascending(a as string, b as string);
    case RANK.pid:
      return comparePids(a as Pid, b as Pid);
    case RANK.date:
      return (a as Date).getTime() - (b as Date).getTime();
    case RANK.array:
      return compareArrays(a as readonly Value[], b as readonly Value[]);
    case RANK.record:
      return compareRecords(a as Record, b as Record);
    case RANK.map:
      return compareMaps(a as ReadonlyMap<Value, Value>, b as ReadonlyMap<Value, Value>);
    case RANK.set:
      return compareSets(a as ReadonlySet<Value>, b as ReadonlySet<Value>);
    case RANK.bytes:
      return compareBytes(a as Bytes, b as Bytes);
    default:
      return 0;
  }
}

function rankOf(value: Value): number {
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return RANK.number;
    case 'string':
      return RANK.string;
    case 'boolean':
      return value ? RANK.true : RANK.false;
    case 'undefined':
      return RANK.undefined;
    default:
      return value === null ? RANK.null : rankOfObject(value);
  }
}

function rankOfObject(value: object): number {
  if (isPid(value)) return RANK.pid;
  if (Array.isArray(value)) return RANK.array;
  if (value instanceof Date) return RANK.date;
  if (value instanceof Map) return RANK.map;
  if (value instanceof Set) return RANK.set;
  return bytesKind(value) === undefined ? RANK.record : RANK.bytes;
}

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

function compareArrays(a: readonly Value[], b: readonly Value[]): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i += 1) {
    const difference = compareValues(a[i], b[i]);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function compareRecords(a: Record, b: Record): number {
  const names = Object.keys(a).toSorted();
  const otherNames = Object.keys(b).toSorted();
  if (names.length !== otherNames.length) return names.length - otherNames.length;
  return (
    compareArrays(names, otherNames) ||
    compareArrays(
      names.map((name) => a[name]),
      names.map((name) => b[name]),
    )
  );
}

function compareMaps(a: ReadonlyMap<Value, Value>, b: ReadonlyMap<Value, Value>): number {
  if (a.size !== b.size) return a.size - b.size;
  const byKey = ([x]: [Value, Value], [y]: [Value, Value]): number => compareValues(x, y);
  const [pairs, otherPairs] = [[...a].sort(byKey), [...b].sort(byKey)];
  return (
    compareArrays(
      pairs.map(([key]) => key),
      otherPairs.map(([key]) => key),
    ) ||
    compareArrays(
      pairs.map(([, value]) => value),
      otherPairs.map(([, value]) => value),
    )
  );
}

function compareSets(a: ReadonlySet<Value>, b: ReadonlySet<Value>): number {
  if (a.size !== b.size) return a.size - b.size;
  return compareArrays([...a].sort(compareValues), [...b].sort(compareValues));
}

function compareBytes(a: Bytes, b: Bytes): number {
  const kinds = (bytesKind(a) ?? 0) - (bytesKind(b) ?? 0);
  if (kinds !== 0) return kinds;
  const [x, y] = [bytesOf(a), bytesOf(b)];
  return Buffer.compare(x, y);
}
