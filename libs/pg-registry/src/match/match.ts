import { InvalidArgumentError } from '../term';
import type { Expression } from './expression';
import { compileGuards, matcherOf, type Matcher } from './guard';
import { compilePart } from './head';
import { anything, type Pattern } from './pattern';
import { compilePredicate, isPredicate, type Predicate } from './predicate';
import { Variables } from './variables';

/** A compiled match: tells which rows of a key are meant. */
export interface CompiledMatch {
  /** Whether a row matches. Allocates nothing; costs the pattern's size at most. */
  readonly matches: Matcher;
}

/**
 * Compiles a pattern for the value, with guards that may use its variables, or a predicate on the entry. Costs a few
 * microseconds, so callers compile for each call.
 *
 * @throws InvalidArgumentError with the place in front (`guard 1: unknown operator 'foo'; …`).
 */
export function compileMatch<E>(
  pattern: Pattern | Predicate<E>,
  guards?: readonly Expression[],
): CompiledMatch {
  if (isPredicate(pattern)) {
    if (guards === undefined || guards.length === 0) return { matches: compilePredicate(pattern) };
    throw new InvalidArgumentError('guards: they go with a pattern; put them into the predicate.');
  }
  const variables = new Variables();
  const value = compilePart('value', pattern, variables, 'pattern');
  const all = compileGuards(guards, variables, '');
  if (all.length === 0) return { matches: (row) => value(row.value) };
  return { matches: matcherOf({ key: anything, pid: anything, value }, all) };
}
