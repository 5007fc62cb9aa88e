import type { Bytes } from './bytes';
import { Copy } from './copy';
import type { Pid } from './pid';
import type { PidInterner } from './pid-interner';

/**
 * What an entry can be registered under, compared by structure ({@link sameKey}): `['doc', 'a']` equals another
 * `['doc', 'a']`, objects whatever their property order, while `1`, `'1'` and `1n` differ and `NaN` equals `NaN`.
 */
export type Key =
  string | number | bigint | boolean | null | Pid | readonly Key[] | { readonly [name: string]: Key };

/** What an entry can carry, and what messages between processes are made of. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Pid
  | Date
  | Bytes
  | readonly Value[]
  | { readonly [name: string]: Value }
  | ReadonlyMap<Value, Value>
  | ReadonlySet<Value>;

/** How large keys and values may be. Sizes are bytes in the codec when nothing repeats; see `size.ts`. */
export interface ValueLimits {
  /** Bytes of a key. Default 4,096. */
  readonly maxKeyBytes: number;
  /** Bytes of a value. Default 65,536: an entry is a fact about a process, not a document store. */
  readonly maxValueBytes: number;
  /** Levels of arrays, objects, Maps and Sets within each other, for keys and values. Default 32. */
  readonly maxDepth: number;
}

/** The limits of a node that was given none. */
export const DEFAULT_VALUE_LIMITS: ValueLimits = Object.freeze({
  maxKeyBytes: 4096,
  maxValueBytes: 65_536,
  maxDepth: 32,
});

/** Strings of at most this many UTF-16 units that are ASCII are checked without leaving the fast path. */
const SHORT_TEXT = 128;

/**
 * The normal form of a key: a copy, frozen deeply, identical to what a peer decodes; `-0` becomes `0` and a
 * {@link Pid} becomes the node's own object for that process.
 *
 * Primitives cost a look and no allocation; the rest costs O(size), never more than the limits allow.
 *
 * @throws InvalidValueError when the key has no normal form; the message names the place (`key[2].name`).
 * @throws ValueTooLargeError beyond `maxKeyBytes` or `maxDepth`.
 */
export function normalKey(key: unknown, limits: ValueLimits, pids: PidInterner): Key {
  if (typeof key === 'number') return key + 0; // -0 + 0 is 0
  if (typeof key === 'string' && isShortAscii(key, limits.maxKeyBytes)) return key;
  if (key === null || typeof key === 'boolean') return key;
  const copy = new Copy('key', limits, pids).of(key);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- in a key, Copy refuses whatever is no Key
  return copy as Key;
}

/**
 * The normal form of a value; see {@link normalKey}.
 *
 * Arrays and plain objects (also those without a prototype) become frozen arrays and plain objects of their own
 * enumerable properties. Map, Set and Date become copies whose mutators throw. Typed arrays and ArrayBuffers are
 * copied with their bits (a Buffer as Uint8Array, shared memory as ordinary memory, a view as just what it shows);
 * JavaScript cannot freeze them, but what is written into one never travels.
 *
 * Refused: functions, symbols, class instances (subclasses of Array, Map, Set and Date too), accessors, symbol keys,
 * a `__proto__` key, sparse arrays and arrays with other properties, cycles, invalid dates, DataView and
 * SharedArrayBuffer, strings with a lone surrogate, Maps and Sets two of whose keys are the same by structure.
 * A part that stands in several places is copied for each of them.
 *
 * @throws InvalidValueError when the value has no normal form; the message names the place (`value.users[3].name`).
 * @throws ValueTooLargeError beyond `maxValueBytes` or `maxDepth`.
 */
export function normalValue(value: unknown, limits: ValueLimits, pids: PidInterner): Value {
  if (typeof value === 'number') return value + 0;
  if (typeof value === 'string' && isShortAscii(value, limits.maxValueBytes)) return value;
  if (value === null || value === undefined || typeof value === 'boolean') return value;
  return new Copy('value', limits, pids).of(value);
}

/** Whether a look suffices to accept the string. */
function isShortAscii(text: string, maxBytes: number): boolean {
  if (text.length > SHORT_TEXT || text.length + 3 > maxBytes) return false;
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) >= 0x80) return false;
  return true;
}
