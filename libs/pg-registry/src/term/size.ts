/**
 * How many bytes things take in the codec (wire/codec) when nothing in them repeats: what `maxKeyBytes` and
 * `maxValueBytes` count. On the wire a repeated shape or pid takes less. A spec of the codec pins these figures.
 */

/** The byte that tells the kind of what follows. */
export const TAG_BYTES = 1;
/** A tag and a float64: what a Date takes, and a number that is no safe integer. */
export const FLOAT_BYTES = 9;
/** The largest integer that is its own tag. */
export const LARGEST_INLINE_INTEGER = 63;
/** Strings below this many bytes have their length in the tag. */
export const LONG_STRING_BYTES = 64;
/** Arrays below this many elements have their length in the tag. */
export const LONG_ARRAY_LENGTH = 32;
/** No bigint of V8 has more. */
const LARGEST_BIGINT_BITS = 2 ** 30;
/** Reading `charCodeAt` in a loop beats a call into native code up to here. */
const SHORT_TEXT = 32;
/** Strings of at most this many UTF-16 units that are ASCII are accepted after one look. */
const LONGEST_LOOK = 128;

/** Bytes of a non-negative safe integer as a varint: seven bits each. */
export function uintBytes(n: number): number {
  if (n < 0x80) return 1;
  let bytes = 2;
  for (let rest = n / 0x4000; rest >= 1; rest /= 0x80) bytes += 1;
  return bytes;
}

/** Bytes of a number with its tag. */
export function numberBytes(n: number): number {
  if (!Number.isSafeInteger(n)) return FLOAT_BYTES;
  if (n >= 0) return n <= LARGEST_INLINE_INTEGER ? TAG_BYTES : TAG_BYTES + uintBytes(n);
  return TAG_BYTES + uintBytes(-1 - n);
}

/** Bytes of a bigint with its tag and length; looks no further than `limit` and then answers something above it. */
export function bigintBytes(n: bigint, limit: number): number {
  const bytes = magnitudeBytes(n < 0n ? -1n - n : n, limit);
  return TAG_BYTES + uintBytes(bytes) + bytes;
}

/** Bytes of a non-negative bigint, at least 1; at most `limit + 1`. */
function magnitudeBytes(n: bigint, limit: number): number {
  const mostBits = Math.min(limit * 8, LARGEST_BIGINT_BITS);
  if (BigInt.asUintN(64, n) !== n && BigInt.asUintN(mostBits, n) !== n) return limit + 1;
  return Math.ceil(n.toString(16).length / 2);
}

/** Bytes of a string as UTF-8; -1: it has a lone surrogate. */
export function textBytes(text: string): number {
  if (text.length <= SHORT_TEXT) {
    let i = 0;
    while (i < text.length && text.charCodeAt(i) < 0x80) i += 1;
    if (i === text.length) return i;
  }
  const bytes = Buffer.byteLength(text);
  return bytes === text.length || isWellFormed(text) ? bytes : -1;
}

/** Bytes of a string value of `bytes` bytes with its tag. */
export function stringBytes(bytes: number): number {
  return bytes < LONG_STRING_BYTES ? TAG_BYTES + bytes : TAG_BYTES + uintBytes(bytes) + bytes;
}

/** Bytes of `bytes` bytes with their length in front: a property name, a node name. */
export function prefixedBytes(bytes: number): number {
  return uintBytes(bytes) + bytes;
}

/** Bytes of what stands in front of the elements of an array. */
export function arrayHeadBytes(length: number): number {
  return length < LONG_ARRAY_LENGTH ? TAG_BYTES : TAG_BYTES + uintBytes(length);
}

/** Bytes of a Pid whose node has `nodeBytes` bytes: tag, node, incarnation (8), number. */
export function pidBytes(nodeBytes: number, id: number): number {
  return TAG_BYTES + prefixedBytes(nodeBytes) + 8 + uintBytes(id);
}

/** A string that is not well-formed has a lone surrogate: half of a character, which UTF-8 cannot carry. */
export function isWellFormed(text: string): boolean {
  return !/[\ud800-\udfff]/u.test(text); // with the flag u whole pairs do not match
}

/** Whether one look suffices to accept a string: it is short, ASCII, and fits into so many bytes. */
export function isShortAscii(text: string, maxBytes: number): boolean {
  if (text.length > LONGEST_LOOK || text.length + 3 > maxBytes) return false;
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) >= 0x80) return false;
  return true;
}
