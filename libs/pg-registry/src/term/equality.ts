import { bytesKind, bytesOf, type Bytes } from './bytes';
import { isArray, isBytes, isDate, isMap, isSet, type ValueRecord } from './value-kind';
import { isPid, samePid } from './pid';
import type { Key, Value } from './value';
import { ValueNumbers } from './hash/value-numbers';

/**
 * Whether two keys are the same by structure: array by array, objects whatever the order of their properties, pids
 * by the process they name; `1`, `'1'` and `1n` differ, `NaN` equals `NaN`, `0` equals `-0`.
 */
export function sameKey(a: Key, b: Key): boolean {
  return sameValue(a, b);
}

/**
 * Whether two values are the same by structure; see {@link sameKey}.
 *
 * Dates by their time; typed arrays and ArrayBuffers by kind and bits; Maps and Sets whatever their order, with
 * keys and members compared by structure. Mirrors `=:=`.
 */
export function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return a !== a && b !== b; // only NaN differs from itself
  }
  if (isPid(a)) return isPid(b) && samePid(a, b);
  if (isArray(a)) return isArray(b) && sameArray(a, b);
  if (isPid(b) || isArray(b)) return false;
  if (isDate(a)) return isDate(b) && a.getTime() === b.getTime();
  if (isMap(a)) return isMap(b) && sameMap(a, b);
  if (isSet(a)) return isSet(b) && sameSet(a, b);
  if (isBytes(a)) return isBytes(b) && sameBytes(a, b);
  return !(isDate(b) || isMap(b) || isSet(b) || isBytes(b)) && sameRecord(a, b);
}

function sameArray(a: readonly Value[], b: readonly Value[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (!sameValue(a[i], b[i])) return false;
  return true;
}

function sameRecord(a: ValueRecord, b: ValueRecord): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  for (const name of names) if (!Object.hasOwn(b, name) || !sameValue(a[name], b[name])) return false;
  return true;
}

function sameBytes(a: Bytes, b: Bytes): boolean {
  return (
    a.byteLength === b.byteLength && bytesKind(a) === bytesKind(b) && !Buffer.compare(bytesOf(a), bytesOf(b))
  );
}

function sameMap(a: ReadonlyMap<Value, Value>, b: ReadonlyMap<Value, Value>): boolean {
  if (a.size !== b.size) return false;
  let numbers: ValueNumbers | undefined;
  let structured: Map<number, Value> | undefined;
  for (const [key, value] of a) {
    if (b.has(key)) {
      if (!sameValue(value, b.get(key))) return false;
    } else if (typeof key === 'object' && key !== null) {
      numbers ??= new ValueNumbers();
      structured ??= valuesByNumber(b, numbers);
      const number = numbers.of(key);
      if (!structured.has(number) || !sameValue(value, structured.get(number))) return false;
    } else {
      return false;
    }
  }
  return true;
}

function valuesByNumber(map: ReadonlyMap<Value, Value>, numbers: ValueNumbers): Map<number, Value> {
  const values = new Map<number, Value>();
  for (const [key, value] of map)
    if (typeof key === 'object' && key !== null) values.set(numbers.of(key), value);
  return values;
}

function sameSet(a: ReadonlySet<Value>, b: ReadonlySet<Value>): boolean {
  if (a.size !== b.size) return false;
  let numbers: ValueNumbers | undefined;
  let structured: Set<number> | undefined;
  for (const member of a) {
    if (b.has(member)) continue;
    if (typeof member !== 'object' || member === null) return false;
    numbers ??= new ValueNumbers();
    structured ??= numbersOf(b, numbers);
    if (!structured.has(numbers.of(member))) return false;
  }
  return true;
}

function numbersOf(set: ReadonlySet<Value>, numbers: ValueNumbers): Set<number> {
  const found = new Set<number>();
  for (const member of set) if (typeof member === 'object' && member !== null) found.add(numbers.of(member));
  return found;
}
