import { bytesKind, bytesOf, type Bytes } from './bytes';
import { InvalidValueError } from './errors';
import { isPid } from './pid';
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
 * @throws InvalidValueError for what is no key at all, such as a function.
 */
export function keyToken(key: Key): KeyToken {
  switch (typeof key) {
    case 'string':
      return key.charCodeAt(0) === 0xdfff ? `${MARK}${key}` : key;
    case 'object':
      return key === null ? null : `${MARK}${canonicalText(key)}`;
    case 'number':
    case 'bigint':
    case 'boolean':
      return key;
    default:
      throw new InvalidValueError(`A ${typeof key} is no key.`);
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
    default:
      throw new InvalidValueError(`A ${typeof value} is no value.`);
  }
}

function canonicalObject(value: Exclude<Value & object, null>): string {
  if (isPid(value)) return `p${value.id}.${value.incarnation}${value.node.length}:${value.node}`;
  if (Array.isArray(value)) {
    let text = '[';
    for (const element of value as readonly Value[]) text += canonicalText(element);
    return `${text}]`;
  }
  if (value instanceof Date) return `d${value.getTime()};`;
  if (value instanceof Map) {
    const pairs = [...value].map(([key, held]) => canonicalText(key as Value) + canonicalText(held as Value));
    return `m${pairs.sort().join('')}]`;
  }
  if (value instanceof Set)
    return `e${[...value]
      .map((member) => canonicalText(member as Value))
      .sort()
      .join('')}]`;
  const kind = bytesKind(value);
  if (kind !== undefined) {
    const bytes = bytesOf(value as Bytes);
    return `b${kind}.${bytes.length}:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')}`;
  }
  return canonicalRecord(value as { readonly [name: string]: Value });
}

function canonicalRecord(record: { readonly [name: string]: Value }): string {
  let text = '{';
  for (const name of Object.keys(record).sort())
    text += `${name.length}:${name}${canonicalText(record[name])}`;
  return `${text}}`;
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
