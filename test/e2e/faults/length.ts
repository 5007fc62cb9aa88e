/**
 * How long faults last: in full with `npm run test:faults`, else the short form, which fits into every run of the tests.
 */
export const FULL = process.env['PG_REGISTRY_FAULTS'] === 'full';

/** @returns The first in full length, else the second. */
export function length<T>(full: T, short: T): T {
  return FULL ? full : short;
}
