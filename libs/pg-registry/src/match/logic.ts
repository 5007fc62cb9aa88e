import type { Term } from './evaluation';
import { EXIT } from './symbol';

const areBooleans = (terms: readonly Term[]): terms is readonly boolean[] =>
  terms.every((term) => typeof term === 'boolean');

/** The negation of a boolean. */
export function not(x: Term): Term {
  return typeof x === 'boolean' ? !x : EXIT;
}

/** Whether all are true; fails if one is no boolean, even if another one would have decided. */
export function and(terms: readonly Term[]): Term {
  return areBooleans(terms) ? !terms.includes(false) : EXIT;
}

/** Whether one is true; fails like {@link and}. */
export function or(terms: readonly Term[]): Term {
  return areBooleans(terms) ? terms.includes(true) : EXIT;
}

/** Whether exactly one of two booleans is true. */
export function xor(x: Term, y: Term): Term {
  return typeof x === 'boolean' && typeof y === 'boolean' ? x !== y : EXIT;
}
