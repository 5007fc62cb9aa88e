/**
 * term/ — what entries are made of: keys, values and pids, and the errors that say what is wrong with them.
 *
 * A key or value has one **normal form** ({@link normalKey}, {@link normalValue}): a frozen copy that nothing of the
 * caller's can reach, identical to what a peer decodes. All else here works on normal forms: equality, the total
 * order, tokens for JavaScript's own Maps, text for messages. Two promises hold it together: `compareValues` is 0,
 * and `keyToken` and `canonicalText` agree, exactly where `sameValue` is true; and nothing costs more than the
 * limits allow, whatever it is given.
 *
 * `options.ts` has the checks of options that every room uses.
 *
 * Deterministic, without I/O, and it knows no node: pids become objects of a node through the {@link PidInterner}
 * it is handed. May import nothing.
 */
export * from './errors';
export { describeValue, isObject, MAX_NAME_BYTES, OptionChecks } from './options';
export { isPid, Pid, samePid } from './pid';
export { PidInterner } from './pid-interner';
export {
  bytesCopy,
  bytesKind,
  bytesOf,
  elementBytes,
  isBytesObject,
  type Bytes,
  type TypedArray,
} from './bytes';
export { FrozenDate, FrozenMap, FrozenSet } from './frozen';
export {
  DEFAULT_VALUE_LIMITS,
  normalKey,
  normalValue,
  type Key,
  type Value,
  type ValueLimits,
} from './value';
export { sameKey, sameValue } from './equality';
export { compareValues } from './order';
export { canonicalText, hasRepeats, keyToken, type KeyToken } from './token';
export { isArray, isDate, isBytes, isMap, isRecord, isSet, type ValueRecord } from './kind';
export { formatKey } from './text';
export { KeyMap } from './key-map';
// By name: the getters that `export *` compiles to look each constant up by a string, 8 % of a late sync's time.
export {
  arrayHeadBytes,
  bigintBytes,
  FLOAT_BYTES,
  isWellFormed,
  LARGEST_INLINE_INTEGER,
  LONG_ARRAY_LENGTH,
  LONG_STRING_BYTES,
  magnitudeBytes,
  numberBytes,
  pidBytes,
  prefixedBytes,
  stringBytes,
  TAG_BYTES,
  textBytes,
  uintBytes,
} from './size';
