/**
 * Where keys and values are frozen: everything that is stored or sent passes {@link normalKey} or {@link normalValue}, which check it, copy
 * it and freeze the copy (frozen-copy.ts). What a peer sent is frozen by the codec (wire/codec) while it is decoded.
 */
import { FrozenCopy } from './frozen-copy';
import type { PidSource } from './pid';
import { isShortAscii } from './size';
import type { EffectiveLimits, Key, Value } from './value';
import { KEY, unreadable, VALUE, type ValueUse } from './value-use';

/**
 * The normal form of a key: a copy, frozen deeply, identical to what a peer decodes; `-0` becomes `0` and a
 * {@link Pid} becomes the node's own object for that process.
 *
 * Primitives cost a look and no allocation; the rest costs O(size), never more than the limits allow.
 *
 * @throws InvalidValueError when the key has no normal form; the message names the place (`key[2].name`).
 * @throws ValueTooLargeError beyond `maxKeyBytes` or `maxDepth`.
 */
export function normalKey(key: unknown, limits: EffectiveLimits, pids: PidSource): Key {
  if (typeof key === 'number') return key + 0; // -0 + 0 is 0
  if (typeof key === 'string' && isShortAscii(key, limits.maxKeyBytes)) return key;
  if (key === null || typeof key === 'boolean') return key;
  try {
    const copy = FrozenCopy.of(key, KEY, limits, pids);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- in a key, FrozenCopy refuses whatever is no Key
    return copy as Key;
  } catch (error) {
    throw unreadable(KEY, error);
  }
}

/**
 * The normal form of a value; see {@link normalKey}.
 *
 * Arrays and plain objects (also those without a prototype) become frozen arrays and plain objects of their own enumerable properties. Map,
 * Set and Date become copies whose mutators throw. Typed arrays and ArrayBuffers are copied with their bits (a Buffer as Uint8Array, shared
 * memory as ordinary memory, a view as just what it shows); JavaScript cannot freeze them, see {@link STORED_VALUE}. Any
 * other object with a method `toJSON` becomes the normal form of what that returns, as in JSON; an instance of any other class becomes a
 * plain object of its own enumerable properties. A part that stands in several places is copied for each of them.
 *
 * Refused: functions, symbols, Errors, promises, streams, RegExps and other built-in objects whose contents are not in their properties,
 * own accessors, symbol keys, a `__proto__` key, sparse arrays and arrays with other properties, cycles, invalid dates, DataView and
 * SharedArrayBuffer, strings with a lone surrogate, Maps and Sets two of whose keys are the same by structure, or more than 128 of whose
 * keys are numbers or bigints that V8 hashes alike (bigints with the same lowest 64 bits, for instance).
 *
 * @param use What the value is for. Default: this node's own code reads it.
 * @throws InvalidValueError when the value has no normal form, naming the place (`value.users[3].name`); ValueTooLargeError when too large.
 */
export function normalValue(
  value: unknown,
  limits: EffectiveLimits,
  pids: PidSource,
  use: ValueUse = VALUE,
): Value {
  if (typeof value === 'number') return value + 0;
  if (typeof value === 'string' && isShortAscii(value, limits.maxValueBytes)) return value;
  if (value === null || value === undefined || typeof value === 'boolean') return value;
  try {
    return FrozenCopy.of(value, use, limits, pids);
  } catch (error) {
    throw unreadable(use, error);
  }
}
