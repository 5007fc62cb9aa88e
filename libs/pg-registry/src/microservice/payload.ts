import {
  InvalidValueError,
  isArray,
  isBytesObject,
  isDate,
  isMap,
  isPid,
  isRecord,
  isSet,
  type Value,
} from '../term';

/** Deeper than any value may be; who gets here runs in a circle. */
const MAX_DEPTH = 64;

/**
 * What of a payload travels: what JSON would carry, since that is what controllers and DTO classes are written for, and
 * beyond it what the codec knows: dates, bytes, bigints, Maps, Sets and pids stay what they are.
 *
 * An instance of a class becomes a plain object of its own enumerable properties, or what its `toJSON` returns; functions,
 * symbols and undefined properties are left out; an Error keeps its message.
 *
 * @throws InvalidValueError for what contains itself.
 */
export function plainPayload(payload: unknown): unknown {
  return plain(payload, 0);
}

/** A copy of what arrived that belongs to its receiver, as if it came out of `JSON.parse`: values of the library are frozen. */
export function ownPayload(value: Value): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) return value.map(ownPayload);
  if (isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, ownPayload(part)]));
  if (isDate(value)) return new Date(value.getTime());
  if (isMap(value)) return new Map([...value].map(([key, part]) => [ownPayload(key), ownPayload(part)]));
  if (isSet(value)) return new Set([...value].map(ownPayload));
  return value;
}

function plain(part: unknown, depth: number): unknown {
  if (typeof part === 'function' || typeof part === 'symbol') return undefined;
  if (typeof part !== 'object' || part === null) return part;
  if (depth > MAX_DEPTH) {
    throw new InvalidValueError(
      `A payload contains itself, or is nested deeper than ${MAX_DEPTH} levels. Nothing was sent.`,
    );
  }
  const inner = (each: unknown): unknown => plain(each, depth + 1);
  if (isPid(part) || isBytesObject(part)) return part;
  if (part instanceof Date) return Number.isNaN(part.getTime()) ? null : new Date(part.getTime());
  if ('toJSON' in part && typeof part.toJSON === 'function') return inner(part.toJSON());
  if (Array.isArray(part)) return Array.from(part, inner);
  if (part instanceof Map) return new Map([...part].map(([key, value]) => [inner(key), inner(value)]));
  if (part instanceof Set) return new Set([...part].map(inner));
  return plainObject(part, inner);
}

function plainObject(source: object, inner: (part: unknown) => unknown): object {
  const properties = Object.entries(source).filter(
    ([name, value]) => name !== '__proto__' && !['function', 'symbol', 'undefined'].includes(typeof value),
  );
  const copy = Object.fromEntries(properties.map(([name, value]) => [name, inner(value)]));
  // The message is no enumerable property: JSON would make `{}` of an error.
  return source instanceof Error ? { message: source.message, ...copy } : copy;
}
