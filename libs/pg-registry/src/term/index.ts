/**
 * What entries are made of: keys, values and pids, and the errors that say what is wrong with them.
 *
 * A key or value has one **normal form** ({@link normalKey}, {@link normalValue}): a frozen copy that the caller
 * cannot reach, identical to what a peer decodes. `freeze.ts` makes it. All else here works on normal forms: equality, the total
 * order, tokens for JavaScript's own Maps, text for messages. Two promises: `compareValues` is 0, and
 * `keyToken`, `canonicalText` and `ValueNumbers` agree, exactly where `sameValue` is true; and nothing costs more time than is
 * linear in the size of its input (but for sorting), even if a peer chose it. For that, no Map of ours is keyed by a number or bigint of
 * a peer as it is (`HashSeed`, `keyToken`), and a Map or Set that V8 would hold in long chains has no normal form (`hash/v8-hash.ts`).
 *
 * `options.ts` has the checks of options that every room uses.
 *
 * Deterministic, without I/O, and it knows no node: pids become objects of a node through the {@link PidInterner}
 * it is handed. May import nothing.
 */
export * from './errors';
export * from './name-errors';
export * from './process-errors';
export { isObject, LONGEST_TIMER_MS, MAX_NAME_BYTES, OptionChecks } from './options';
export { isPid, Pid, PIDS_AS_GIVEN, samePid } from './pid';
export { PidInterner } from './pid-interner';
export {
  bytesCopy,
  bytesKind,
  bytesOf,
  elementBytes,
  isBytesObject,
  originalBytes,
  type Bytes,
  type TypedArray,
} from './bytes';
export { FrozenDate, FrozenMap, FrozenSet } from './frozen-builtins';
export { DEFAULT_VALUE_LIMITS, type EffectiveLimits, type Key, type Value, type ValueLimits } from './value';
export { normalKey, normalValue } from './freeze';
export { sameKey, sameValue } from './equality';
export { compareValues } from './order';
export {
  HEAP_BYTES,
  heapBytesOf,
  heapBytesOfArray,
  heapBytesOfKey,
  heapBytesOfRecord,
  heapBytesOfText,
  LARGE_VALUE_BYTES,
  noteHeapBytes,
  rememberHeapBytes,
} from './heap-bytes';
export { canonicalText, keyToken } from './hash/token';
export { FIXED_SEED, HashSeed } from './hash/hash-seed';
export { hashText, mixHash } from './hash/hash-text';
export { hasLongChain, LONGEST_CHAIN } from './hash/v8-hash';
export { ValueNumbers } from './hash/value-numbers';
export { isArray, isDate, isBytes, isMap, isRecord, isSet, type ValueRecord } from './value-kind';
export { formatKey } from './text';
export { describeValue } from './describe-value';
export { STORED_VALUE, type ValueUse } from './value-use';
export { printable, quoteText } from './quote';
export {
  boundedText,
  codeOfThrown,
  isError,
  isInstanceOf,
  isList,
  isMissingPackage,
  isOwnError,
  messageOfThrown,
  nameOfThrown,
  orElse,
  propertyOfThrown,
  stackOfThrown,
} from './thrown';
export { KeyMap } from './key-map';
export { isLargeKey } from './hash/large-key';
export {
  LONGEST_HASHED,
  MOST_KEY_PARTS,
  MOST_READ_WEIGHT,
  MOST_WEIGHT,
  WEIGHT,
  furtherWeightOf,
  weightOfNames,
} from './weight';
// By name: the getters that `export *` compiles to look each constant up by a string, 8 % of a late sync's time.
export {
  isWellFormed,
  LARGEST_INLINE_INTEGER,
  LONG_ARRAY_LENGTH,
  LONG_STRING_BYTES,
  textBytes,
} from './size';
