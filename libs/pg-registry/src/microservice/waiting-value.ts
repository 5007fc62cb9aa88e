import { heapBytesOf, heapBytesOfArray, heapBytesOfRecord, isArray, isRecord, type Value } from '../term';

/** A text of more characters is not looked into when it is kept. What takes no more bytes has none, and is counted exactly. */
export const LONG_TEXT = 1024;

/** A value of a stream that waits for its caller. */
export interface WaitingValue {
  /** The plain payload of what the source emitted. */
  readonly payload: unknown;
  /** What it takes in memory, in bytes: first as {@link roughBytesOf} says. */
  bytes: number;
}

/**
 * Estimates what a payload takes in memory by the lengths of its long texts. V8 keeps a text that was put together as its parts until somebody
 * looks into it. To have it made while a source emits hundreds of them takes tens of milliseconds, nearly all for the collector of garbage:
 * {@link countExactly} does that in steps, and many are sent before.
 *
 * A long text beyond Latin-1 takes twice as much, and one put together of very many parts more than that, until then.
 */
export function roughBytesOf(payload: unknown): number {
  if (typeof payload === 'string' && payload.length > LONG_TEXT) return payload.length;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of the same structure as a value
  const value = payload as Value;
  if (typeof value !== 'object' || value === null) return heapBytesOf(value);
  if (isArray(value)) {
    let bytes = heapBytesOfArray(value.length);
    for (const element of value) bytes += roughBytesOf(element);
    return bytes;
  }
  if (!isRecord(value)) return heapBytesOf(value);
  const parts = Object.values(value);
  let bytes = heapBytesOfRecord(parts.length);
  for (const part of parts) bytes += roughBytesOf(part);
  return bytes;
}

/** Counts what a value takes, an upper estimate as of other values, and makes its texts. @returns By how many bytes it is more than was counted before */
export function countExactly(waiting: WaitingValue): number {
  if (waiting.bytes <= LONG_TEXT) return 0;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of the same structure as a value
  const bytes = heapBytesOf(waiting.payload as Value);
  const more = bytes - waiting.bytes;
  waiting.bytes = bytes;
  return more;
}
