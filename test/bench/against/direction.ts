import type { Result } from '../support/result';

/** What is spent: time and bytes, also per entry or per second. All other figures count what is done in a second. */
const SPENT = new Set(['ns', 'µs', 'ms', 's', 'B']);

/** Whether less of a figure is better. Its target says so if it has one, otherwise its unit: `µs/entry`, but not `calls/s`. */
export function isCost({ unit, target }: Pick<Result, 'unit' | 'target'>): boolean {
  if (target !== null) return target.startsWith('≤');
  return SPENT.has(unit.split('/')[0]);
}
