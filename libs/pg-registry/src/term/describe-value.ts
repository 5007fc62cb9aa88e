import { quote } from './quote';
import { orElse } from './thrown';

/** The longest string that {@link describeValue} shows whole. */
const LONGEST_SHOWN = 40;

/** Describes a value in a few words for a message; a long string is cut. Never throws, whatever it gets. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return quote(value.slice(0, LONGEST_SHOWN));
  if (value === null || value === undefined) return String(value);
  // The digits of a large one take a second.
  if (typeof value === 'bigint' && BigInt.asIntN(512, value) !== value) return 'a huge bigint';
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value).slice(0, LONGEST_SHOWN);
  // A Proxy that was revoked throws even here.
  if (orElse(() => Array.isArray(value), false)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Describes a value by its type alone, for options in whose place somebody may have given a password or a URL that has one. */
export function describeType(value: unknown): string {
  return typeof value === 'string' ? 'a string' : describeValue(value);
}
