import type { Reader, Writer } from '../../wire';

/**
 * What binds a reply to its call: the call's number at the caller's node, which is never used twice, and 64 random bits. A reply counts
 * only if it has all of it and comes from the node that was asked.
 */
export interface CallToken {
  readonly number: number;
  /** Upper half of the random bits, an unsigned number. */
  readonly high: number;
  /** Lower half of them. */
  readonly low: number;
}

/** Returns whether two tokens belong to the same call. */
export function isSameToken(a: CallToken, b: CallToken): boolean {
  return a.number === b.number && a.high === b.high && a.low === b.low;
}

/** Returns a token as part of a subject. */
export function textOfToken({ number, high, low }: CallToken): string {
  return `${number.toString(36)}-${high.toString(36)}-${low.toString(36)}`;
}

/** Writes a token, in 9 bytes or more. */
export function writeToken(writer: Writer, { number, high, low }: CallToken): void {
  writer.uint(number);
  writer.u32(high);
  writer.u32(low);
}

/** Reads a token. @throws DecodeError for bytes that {@link writeToken} does not write */
export function readToken(reader: Reader): CallToken {
  return { number: reader.uint(), high: reader.u32(), low: reader.u32() };
}
