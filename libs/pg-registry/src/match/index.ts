/**
 * match/ — the query language: patterns, guards and bodies as data, compiled once into closures.
 *
 * {@link compileMatch} compiles a pattern for values, {@link compileSpec} a spec for whole rows; both take a plain
 * predicate too. What they return has been checked completely: running it over rows never throws, except what a
 * user's predicate throws, and rows are only read. Between two compilations nothing is kept but the loops of sieve.ts.
 *
 * How it hangs together: a *pattern* (pattern.ts) tests a part of a row and binds *variables* (variables.ts); a *head*
 * (head.ts) is a pattern for each part; *guards* (guard.ts) and the body are *expressions* (expression-compiler.ts),
 * whose calls are compiled by the table of *operators* (operators.ts); a *clause* is head, guards and body, a *spec* a
 * list of clauses. A *sieve* (sieve.ts) is what of a clause can be told of many rows in one fast loop.
 *
 * Deterministic and without I/O. Assumes that rows are in normal form. May import: term.
 */
export { _, $, $_, $$, EXIT, rest } from './symbol';
export type { AllVariables, MatchSymbol, Rest, Variable, WholeRow, Wildcard } from './symbol';
export { ms } from './builders';
export type { Call, Expression } from './expression';
export type { Literal } from './literal';
export type { Pattern } from './pattern';
export type { Predicate } from './predicate';
export type { Head } from './head';
export type { Clause } from './clause';
export type { MatchContext, MatchRow } from './evaluation';
export { compileMatch, type CompiledMatch } from './match';
export { compileSpec, NO_MATCH, type CompiledSpec, type Spec } from './spec';
export type { RowPage, Sieve } from './sieve';
