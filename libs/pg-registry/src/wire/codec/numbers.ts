/**
 * Numbers that have one form on the wire only; any other is refused, so equal values have equal bytes.
 */
import { HEAP_BYTES } from '../../term';
import type { ByteReader } from './byte-reader';
import type { HeapCounter } from './heap-counter';

/** So many bytes always make a safe integer. */
const SAFE_BYTES = 6;
const WORD_BYTES = 8;
/** Two words of 64 bits, the lower one first, and their halves. */
const WORDS = new BigUint64Array(2);
const HALVES = new Int32Array(WORDS.buffer);
/** A Date reaches this far from 1970 either way. */
const MOST_DATE_MS = 8.64e15;

/** Reads an integer below zero. @throws DecodeError if it is not safe */
export function readNegativeInteger(bytes: ByteReader): number {
  const n = -1 - bytes.uint();
  return Number.isSafeInteger(n) ? n : bytes.fail('an integer that is not safe');
}

/** Reads the milliseconds of a Date. @throws DecodeError if no Date has them */
export function readDateMs(bytes: ByteReader): number {
  const ms = bytes.float();
  if (!Number.isInteger(ms) || Math.abs(ms) > MOST_DATE_MS || Object.is(ms, -0))
    bytes.fail('an invalid date');
  return ms;
}

/**
 * Reads a bigint without its sign. Cost: linear in its bytes.
 *
 * @throws DecodeError if it is not in shortest form; HeapLimitError if it takes more memory than is left.
 */
export function readMagnitude(reader: ByteReader & HeapCounter): bigint {
  const bytes = reader.bytes();
  if (bytes.length === 0 || (bytes.length > 1 && bytes[0] === 0))
    reader.fail('a bigint not in shortest form');
  reader.charge(HEAP_BYTES.bigint + 3 * bytes.length);
  if (bytes.length <= SAFE_BYTES) {
    let n = 0;
    for (const byte of bytes) n = n * 256 + byte;
    return BigInt(n);
  }
  if (bytes.length <= 2 * WORD_BYTES) return twoWords(bytes);
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`);
}

/** Returns the bigint of up to sixteen bytes, the highest first. Faster than by way of its digits: a message may hold a hundred thousand. */
function twoWords(bytes: Uint8Array): bigint {
  HALVES.fill(0);
  for (let at = bytes.length - 1, place = 0; at >= 0; at -= 1, place += 1)
    HALVES[place >> 2] |= bytes[at] << ((place & 3) * 8);
  return bytes.length <= WORD_BYTES ? WORDS[0] : (WORDS[1] << 64n) | WORDS[0];
}
