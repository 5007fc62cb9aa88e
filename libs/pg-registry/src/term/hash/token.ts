import { isOwnError } from '../thrown';
import { bytesKind, bytesOf } from '../bytes';
import { InvalidValueError } from '../errors';
import { MARK, numberToken } from './hash-seed';
import { isArray, isBytes, isDate, isMap, isSet, type ValueRecord } from '../value-kind';
import { isPid, type Pid } from '../pid';
import type { Key, Value } from '../value';

const PREFIX = String.fromCharCode(MARK);

/** What {@link keyToken} answers: something a JavaScript Map compares as keys are compared. */
export type KeyToken = string | boolean | null;

/**
 * Turns a key into something that a JavaScript Map can hold: two keys are the same ({@link sameKey}) exactly if
 * their tokens are (SameValueZero).
 *
 * Strings, booleans and null are their own token (no allocation); anything else gets a string in O(size): also numbers and
 * bigints, because V8 hashes only strings with a secret seed.
 *
 * @throws InvalidValueError for what cannot be a key at all, such as a function.
 */
export function keyToken(key: Key): KeyToken {
  switch (typeof key) {
    case 'string':
      return key.charCodeAt(0) === MARK ? `${PREFIX}s${key}` : key;
    case 'object':
      return key === null ? null : `${PREFIX}${textOfKey(key)}`;
    case 'number':
      return Number.isSafeInteger(key) ? `${PREFIX}${key};` : `${PREFIX}n${numberToken(key)}`;
    case 'bigint':
      return `${PREFIX}${canonicalText(key)}`;
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
 * A string that two keys share exactly if they are the same ({@link sameKey}), on every node. Every part says where it ends, so
 * no two keys run into one another. For values, whose Sets and Maps may be nested, see `ValueNumbers`.
 */
export function canonicalText(key: Value): string {
  return typeof key === 'object' && key !== null ? structureText(key, canonicalText) : primitiveText(key);
}

/** {@link canonicalText} of what is no object. */
export function primitiveText(value: Value): string {
  switch (typeof value) {
    case 'string':
      return `s${value.length}:${value}`;
    case 'number':
      return `${value};`; // -0 prints as 0
    case 'bigint':
      return `i${value.toString(16)};`; // the time to print decimal digits is not linear
    case 'boolean':
      return value ? 't' : 'f';
    case 'undefined':
      return 'u';
    case 'object':
      return 'z'; // null
    case 'function':
    case 'symbol':
    default:
      throw new InvalidValueError(`A ${typeof value} cannot be a value.`);
  }
}

/**
 * A string that two objects share exactly if they are the same. `textOf` gives that of each part, which must say where it ends
 * and may be shorter than the part.
 */
export function structureText(value: object & Value, textOf: (part: Value) => string): string {
  if (isPid(value)) return canonicalPid(value);
  if (isArray(value)) {
    let text = '[';
    for (const element of value) text += textOf(element);
    return `${text}]`;
  }
  if (isDate(value)) return `d${value.getTime()};`;
  if (isMap(value)) return `m${sorted(value, ([key, held]) => textOf(key) + textOf(held))}]`;
  if (isSet(value)) return `e${sorted(value, textOf)}]`;
  if (isBytes(value)) {
    const bytes = bytesOf(value);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    return `b${bytesKind(value)}.${bytes.length}:${text}`;
  }
  return canonicalRecord(value, textOf);
}

function canonicalPid(pid: Pid): string {
  return `p${pid.id}.${pid.incarnation}${pid.node.length}:${pid.node}`;
}

function canonicalRecord(record: ValueRecord, textOf: (part: Value) => string): string {
  let text = '{';
  for (const name of Object.keys(record).toSorted()) text += `${name.length}:${name}${textOf(record[name])}`;
  return `${text}}`;
}

function sorted<T>(parts: Iterable<T>, textOf: (part: T) => string): string {
  return Array.from(parts, textOf).toSorted().join('');
}
