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
  if (isPid(a) && isPid(b)) return comparePids(a, b);
  if (isDate(a) && isDate(b)) return a.getTime() - b.getTime();
  if (isArray(a) && isArray(b)) return compareArrays(a, b);
  if (isMap(a) && isMap(b)) return compareMaps(a, b);
  if (isSet(a) && isSet(b)) return compareSets(a, b);
  if (isBytes(a) && isBytes(b)) return compareBytes(a, b);
  return isRecord(a) && isRecord(b) ? compareRecords(a, b) : 0;
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

function compareArrays(a: readonly Value[], b: readonly Value[]): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i += 1) {
    const difference = compareValues(a[i], b[i]);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function compareRecords(a: ValueRecord, b: ValueRecord): number {
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
  const pairs = [...a].toSorted(byKey);
  const otherPairs = [...b].toSorted(byKey);
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

function byKey([a]: [Value, Value], [b]: [Value, Value]): number {
  return compareValues(a, b);
}

function compareSets(a: ReadonlySet<Value>, b: ReadonlySet<Value>): number {
  if (a.size !== b.size) return a.size - b.size;
  return compareArrays([...a].toSorted(compareValues), [...b].toSorted(compareValues));
}

function compareBytes(a: Bytes, b: Bytes): number {
  return (bytesKind(a) ?? 0) - (bytesKind(b) ?? 0) || Buffer.compare(bytesOf(a), bytesOf(b));
}
