import { InvalidArgumentError } from '../term';
import type { Matcher } from './guard';
import { $, rest } from './symbol';

/**
 * A function instead of a pattern or spec. An entry matches if it returns exactly `true`. What it throws, the caller of
 * the query gets, before anything is changed.
 */
export type Predicate<E> = (entry: E) => boolean;

/** Whether a query is given as a predicate. */
export function isPredicate(query: unknown): query is (entry: unknown) => unknown {
  if (query === $ || query === rest) {
    throw new InvalidArgumentError(
      `This is the function that makes a variable or a tail: write $(0) or [rest(_)].`,
    );
  }
  return typeof query === 'function';
}

/** Calls the predicate with what users see of the row. */
export function compilePredicate(predicate: (entry: unknown) => unknown): Matcher {
  return (row) => predicate(row.entry ?? row) === true;
}
