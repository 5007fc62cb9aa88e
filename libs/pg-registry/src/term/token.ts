import { isOwnError } from './thrown';
import { bytesKind, bytesOf } from './bytes';
import { InvalidValueError } from './errors';
import { isArray, isBytes, isDate, isMap, isSet, type ValueRecord } from './value-kind';
import { isPid, type Pid } from './pid';
import type { Key, Value } from './value';

/** No well-formed string starts with the second half of a surrogate pair, so no normal key can be a token of another. */
const MARK = '\udfff';

/** What {@link keyToken} answers: something a JavaScript Map compares as keys are compared. */
export type KeyToken = string | number | bigint | boolean | null;

/**
 * Turns a key into something that a JavaScript Map can hold: two keys are the same ({@link sameKey}) exactly if
 * their tokens are (SameValueZero).
 *
 * Primitives are their own token (no allocation); anything else gets a canonical string in O(size).
 *
 * @throws InvalidValueError for what cannot be a key at all, such as a function.
 */
export function keyToken(key: Key): KeyToken {
  switch (typeof key) {
    case 'string':
      return key.charCodeAt(0) === 0xdfff ? `${MARK}${key}` : key;
    case 'object':
      return key === null ? null : `${MARK}${textOfKey(key)}`;
    case 'number':
    case 'bigint':
    case 'boolean':
      return key;
    case 'undefined':
    case 'function':
    case 'symbol':
    default:
      throw new InvalidValueError(`A ${typeof key} cannot be a key.`);
  }
}

/** @throws InvalidValueError for a key that cannot be read, such as a Proxy that was revoked, or is too deep. */
function textOfKey(key: Key): string {
  try {
    return canonicalText(key);
  } catch (error) {
    if (isOwnError(error)) throw error;
    throw new InvalidValueError('A key must be a value that can be read, and is not.', { cause: error });
  }
}

/**
 * A string that two values share exactly if they are the same ({@link sameValue}). Every part says where it ends, so
 * no two values run into one another.
 */
export function canonicalText(value: Value): string {
  switch (typeof value) {
    case 'string':
      return `s${value.length}:${value}`;
    case 'number':
      return `${value};`; // -0 prints as 0
    case 'bigint':
      return `i${value};`;
    case 'boolean':
      return value ? 't' : 'f';
    case 'undefined':
      return 'u';
    case 'object':
      return value === null ? 'z' : canonicalObject(value);
    case 'function':
    case 'symbol':
    default:
      throw new InvalidValueError(`A ${typeof value} cannot be a value.`);
  }
}

function canonicalObject(
  value: Exclude<Value, string | number | bigint | boolean | null | undefined>,
): string {
  if (isPid(value)) return canonicalPid(value);
  if (isArray(value)) {
    let text = '[';
    for (const element of value) text += canonicalText(element);
    return `${text}]`;
  }
  if (isDate(value)) return `d${value.getTime()};`;
  if (isMap(value)) return `m${sorted(value, ([key, held]) => canonicalText(key) + canonicalText(held))}]`;
  if (isSet(value)) return `e${sorted(value, canonicalText)}]`;
  if (isBytes(value)) {
    const bytes = bytesOf(value);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    return `b${bytesKind(value)}.${bytes.length}:${text}`;
  }
  return canonicalRecord(value);
}

function canonicalPid(pid: Pid): string {
  return `p${pid.id}.${pid.incarnation}${pid.node.length}:${pid.node}`;
}

function canonicalRecord(record: ValueRecord): string {
  let text = '{';
  for (const name of Object.keys(record).toSorted())
    text += `${name.length}:${name}${canonicalText(record[name])}`;
  return `${text}}`;
}

function sorted<T>(parts: Iterable<T>, textOf: (part: T) => string): string {
  return Array.from(parts, textOf).toSorted().join('');
}

/** Whether two of these normal values are the same. Primitives cost a Set's look-up, the rest O(size). */
export function hasRepeats(values: readonly Value[]): boolean {
  if (values.length < 2) return false;
  const seen = new Set<unknown>();
  for (const value of values) {
    seen.add(typeof value === 'object' && value !== null ? MARK + canonicalText(value) : value);
  }
  return seen.size !== values.length;
}
