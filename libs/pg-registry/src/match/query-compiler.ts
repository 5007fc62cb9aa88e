import { sameKey, samePid, type Key, type Pid } from '../term';
import { compileClause, type CompiledClause } from './clause-compiler';
import type { Matcher, MatchContext, MatchRow, Term } from './evaluation';
import { compileGuards } from './expression-compiler';
import { compilePart, matcherOf } from './head-compiler';
import { $, rest, type Expression, type Pattern, type Predicate, type Spec } from './language';
import { anything } from './pattern-compiler';
import { compileSafely, invalidQuery } from './query-error';
import type { Sieve } from './sieve';
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
    throw invalidQuery(
      'guards',
      ' cannot be combined with a predicate: put the conditions into the predicate',
    );
  }
  return compileSafely(() => {
    const variables = new Variables();
    const value = compilePart('value', pattern, variables, 'pattern');
    const all = compileGuards(guards, variables, '');
    if (all.length === 0) return { matches: (row) => value(row.value) };
    return { matches: matcherOf({ key: anything, pid: anything, value }, all) };
  });
}

/** Instead of a result: no clause matches the row. */
export const NO_MATCH: unique symbol = Symbol('NO_MATCH');

/** A compiled spec. */
export interface CompiledSpec {
  /** The only key whose rows can match, so that others need not be looked at; undefined if there are several. */
  readonly literalKey: Key | undefined;
  /** The only process whose rows can match; undefined if there are several. */
  readonly literalPid: Pid | undefined;
  /** Leaves out most rows that cannot match, before many are looked at; undefined if there is no quick way to tell. */
  readonly sieve: Sieve | undefined;
  /** Whether {@link counts} would say yes to every row that the sieve lets through. */
  readonly sieveDecides: boolean;
  /** The body of the first matching clause, {@link NO_MATCH} without one; a predicate's result is the entry. */
  readonly select: (row: MatchRow, context: MatchContext) => unknown;
  /** Whether {@link select} would give exactly `true`, or whether the predicate returns it. */
  readonly counts: (row: MatchRow, context: MatchContext) => boolean;
}

/**
 * Compiles a spec, or a predicate on the entry, and checks it completely. Costs a few microseconds per clause, so
 * callers compile for each call.
 *
 * @throws InvalidArgumentError with the place in front (`clause 2, guard 1: unknown operator 'foo'; …`).
 */
export function compileSpec<E>(spec: Spec | Predicate<E>): CompiledSpec {
  if (isPredicate(spec)) return predicateSpec(spec);
  const clauses = compileSafely(() => clausesOf(spec));
  const [only] = clauses;
  return only !== undefined && clauses.length === 1 ? singleSpec(only) : multiSpec(clauses);
}

function clausesOf(spec: unknown): readonly CompiledClause[] {
  const list: readonly unknown[] = Array.isArray(spec) ? spec : [spec];
  return list.map((clause, i) => compileClause(clause, `clause ${i + 1}`));
}

function predicateSpec(predicate: (entry: unknown) => unknown): CompiledSpec {
  const matches = compilePredicate(predicate);
  return {
    literalKey: undefined,
    literalPid: undefined,
    sieve: undefined,
    sieveDecides: false,
    select: (row, context) => (matches(row, context) ? (row.entry ?? row) : NO_MATCH),
    counts: matches,
  };
}

function singleSpec({
  literalKey,
  literalPid,
  sieve,
  sieveDecides,
  matches,
  body,
}: CompiledClause): CompiledSpec {
  return {
    literalKey,
    literalPid,
    sieve,
    sieveDecides,
    select: (row, context) => (matches(row, context) ? body(row, context) : NO_MATCH),
    counts: (row, context) => matches(row, context) && body(row, context) === true,
  };
}

function multiSpec(clauses: readonly CompiledClause[]): CompiledSpec {
  const select = (row: MatchRow, context: MatchContext): Term | typeof NO_MATCH => {
    for (const clause of clauses) if (clause.matches(row, context)) return clause.body(row, context);
    return NO_MATCH;
  };
  return {
    literalKey: shared(
      clauses.map((clause) => clause.literalKey),
      sameKey,
    ),
    literalPid: shared(
      clauses.map((clause) => clause.literalPid),
      samePid,
    ),
    sieve: undefined,
    sieveDecides: false,
    select,
    counts: (row, context) => select(row, context) === true,
  };
}

/** The element that all are the same as; undefined if they differ. */
function shared<T>(all: readonly (T | undefined)[], same: (a: T, b: T) => boolean): T | undefined {
  const [first] = all;
  if (first === undefined) return undefined;
  return all.every((one) => one !== undefined && same(one, first)) ? first : undefined;
}

/** Whether a query is given as a predicate. */
function isPredicate(query: unknown): query is (entry: unknown) => unknown {
  if (query === $ || query === rest) {
    throw invalidQuery('query', ' must not be $ or rest itself: call them, as in $(0) or [rest(_)]');
  }
  return typeof query === 'function';
}

/** Calls the predicate with the entry of the row. */
function compilePredicate(predicate: (entry: unknown) => unknown): Matcher {
  return (row) => predicate(row.entry ?? row) === true;
}
