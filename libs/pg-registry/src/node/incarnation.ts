import { randomBytes } from 'node:crypto';

/** 2026-01-01, so that 40 bits of milliseconds last until 2060. */
const ORIGIN_MS = Date.UTC(2026, 0, 1);
const TIME_BITS = 40;
const RANDOM_BYTES = 3;

/**
 * The incarnation of a node that starts now: 40 bits of start time, then 24 random ones, as 16 hexadecimal digits.
 *
 * Of two lives of one name the one that started earlier so has the lower incarnation, by the same clock as the epochs that
 * decide between them. Everything else compares incarnations for equality only. Two nodes have the same with a chance of
 * 1 : 16,777,216 if they start in the same millisecond.
 *
 * @param startedMs The wall clock: milliseconds since 1970.
 */
export function newIncarnation(startedMs: number): string {
  const time = BigInt.asUintN(TIME_BITS, BigInt(Math.trunc(startedMs - ORIGIN_MS)));
  return time.toString(16).padStart(TIME_BITS / 4, '0') + randomBytes(RANDOM_BYTES).toString('hex');
}
