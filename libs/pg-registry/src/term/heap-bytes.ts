import { isPid } from './pid';
import { isArray, isDate, isMap, isRecord, isSet } from './value-kind';
import type { Key, Value } from './value';

/**
 * What V8 takes for the parts of a value beside the place where it is stored, in bytes: upper estimates for 64 bits, measured in
 * `heap-bytes.spec.ts`. The decoder and {@link heapBytesOf} count by the same figures.
 */
export const HEAP_BYTES = {
  number: 16,
  bigint: 32,
  string: 32,
  /** With its share of the hidden class that V8 makes for names that it has not met. */
  record: 224,
  /** A pid in a value, which may be the only one of its node. */
  pid: 640,
  /** A process of a peer that has entries. */
  process: 352,
  date: 128,
  map: 256,
  mapEntry: 64,
  set: 224,
  setMember: 48,
  bytes: 256,
} as const;

const EMPTY_ARRAY_BYTES = 48;
/** V8 makes room for 17 elements when the first comes, then half as much again whenever it is full. */
const ARRAY_BYTES = 176;
const ELEMENT_BYTES = 12;
/** Up to so many properties V8 describes them once for all objects of the kind; beyond, each object may have a table of its own. */
const FEW_PROPERTIES = 8;
const PROPERTY_BYTES = 48;
const MANY_PROPERTY_BYTES = 80;
/** A level of the trie that an element of an array key leads to. */
const LEVEL_BYTES = 320;
/** A place in the trie, or in one of its levels. */
const PLACE_BYTES = 64;
/** Bigints of 8, 16, 32, … bytes are between these; values have none of more bytes than the last. */
const BIGINT_ENDS: readonly (readonly [bigint, bigint])[] = Array.from({ length: 15 }, (_, at) => {
  const end = 1n << BigInt(64 * 2 ** at);
  return [-end, end];
});
/** Up to here a string counts twice its length, unseen. */
const SHORT_TEXT = 16;

/** Estimates what a string takes in memory. Linear in its length, by native code. */
export function heapBytesOfText(text: string): number {
  const { length } = text;
  if (length <= SHORT_TEXT) return HEAP_BYTES.string + length * 2;
  // V8 takes one byte for each unit of a text that is Latin-1, otherwise two.
  return HEAP_BYTES.string + (Buffer.byteLength(text) === length ? length : length * 2);
}

/** Estimates what an array takes, beside its elements. */
export function heapBytesOfArray(length: number): number {
  return length === 0 ? EMPTY_ARRAY_BYTES : ARRAY_BYTES + length * ELEMENT_BYTES;
}

/** Estimates what a plain object takes, beside the values of its properties. */
export function heapBytesOfRecord(properties: number): number {
  const few = Math.min(properties, FEW_PROPERTIES);
  return HEAP_BYTES.record + few * PROPERTY_BYTES + (properties - few) * MANY_PROPERTY_BYTES;
}

/** What a value takes that takes so much is worth to be remembered as long as it lives. */
export const LARGE_VALUE_BYTES = 16_384;
const largeValues = new WeakMap<object, number>();
/** The same, if several entries have it. */
const SHARED_VALUE_BYTES = 512;
/** The same of a key, which any number of entries may have. Ordinary ones take less. */
const LARGE_KEY_BYTES = 2048;
const largeKeys = new WeakMap<object, number>();

/**
 * Remembers what a large value takes, as its reader counted it: an upper estimate. To look through it again took longer than to read it, and
 * entries with large values may leave by the thousand in one turn. Constant time.
 */
export function noteHeapBytes(value: Value, bytes: number): void {
  if (typeof value === 'object' && value !== null) largeValues.set(value, bytes);
}

/**
 * Remembers what a value takes that several entries of a peer have: each of them is counted, and a byte or two of a frame make one.
 * Linear in its size.
 */
export function rememberHeapBytes(value: Value): void {
  if (typeof value !== 'object' || value === null || largeValues.has(value)) return;
  const bytes = heapBytesOfObject(value);
  if (bytes >= SHARED_VALUE_BYTES) largeValues.set(value, bytes);
}

/** Estimates what a value in normal form takes in memory. Constant time if that is remembered, otherwise linear in its size. */
export function heapBytesOf(value: Value): number {
  switch (typeof value) {
    case 'number':
      // A small integer stands in the place itself.
      return (value | 0) === value ? 0 : HEAP_BYTES.number;
    case 'string':
      return heapBytesOfText(value);
    case 'bigint':
      return HEAP_BYTES.bigint + bytesOfBigint(value);
    case 'object':
      return value === null ? 0 : (largeValues.get(value) ?? heapBytesOfObject(value));
    case 'boolean':
    case 'undefined':
    default:
      return 0;
  }
}

/**
 * Less than twice the bytes of a bigint, at least 8. Its digits would take longer than to read it; a comparison looks at the lengths first.
 */
function bytesOfBigint(value: bigint): number {
  let bytes = 8;
  for (const [low, high] of BIGINT_ENDS) {
    if (value < high && value > low) return bytes;
    bytes *= 2;
  }
  return value.toString(16).length;
}

/** Arrays and records first, without a copy of their parts: a value of a megabyte may have half a million of them. */
function heapBytesOfObject(value: Value & object): number {
  if (isArray(value)) {
    let bytes = heapBytesOfArray(value.length);
    for (const element of value) bytes += heapBytesOf(element);
    return bytes;
  }
  if (isRecord(value)) {
    let [bytes, properties] = [0, 0];
    for (const name in value) {
      if (!Object.hasOwn(value, name)) continue;
      bytes += heapBytesOf(value[name]);
      properties += 1;
    }
    return bytes + heapBytesOfRecord(properties);
  }
  if (isPid(value)) return HEAP_BYTES.pid + heapBytesOfText(value.node);
  if (isDate(value)) return HEAP_BYTES.date;
  if (isSet(value)) {
    let bytes = HEAP_BYTES.set + value.size * HEAP_BYTES.setMember;
    for (const member of value) bytes += heapBytesOf(member);
    return bytes;
  }
  if (isMap(value)) {
    let bytes = HEAP_BYTES.map + value.size * HEAP_BYTES.mapEntry;
    for (const [key, each] of value) bytes += heapBytesOf(key) + heapBytesOf(each);
    return bytes;
  }
  return HEAP_BYTES.bytes + value.byteLength;
}

/**
 * Estimates what a key takes in memory with its place in an index of keys. Constant time for a large one that has been counted before, and
 * for a bigint; otherwise linear in its size.
 */
export function heapBytesOfKey(key: Key): number {
  if (typeof key !== 'object' || key === null) return PLACE_BYTES + heapBytesOf(key);
  const known = largeKeys.get(key);
  if (known !== undefined) return known;
  const bytes = heapBytesOfKeyObject(key);
  if (bytes >= LARGE_KEY_BYTES) largeKeys.set(key, bytes);
  return bytes;
}

function heapBytesOfKeyObject(key: Key & object): number {
  if (!isArray(key)) return PLACE_BYTES + 3 * heapBytesOf(key); // found by its text
  let bytes = heapBytesOf(key) + key.length * LEVEL_BYTES;
  for (const element of key)
    if (typeof element === 'object' && element !== null) bytes += 2 * heapBytesOf(element);
  return bytes;
}
