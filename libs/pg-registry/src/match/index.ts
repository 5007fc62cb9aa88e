/**
 * The query language: patterns, guards and bodies as data, compiled once into closures.
 *
 * {@link compileMatch} compiles a pattern for values, {@link compileSpec} a spec for whole rows; both take a plain
 * predicate too. What they return has been checked completely: running it over rows never throws, except what a
 * user's predicate throws, and rows are only read. Between two compilations nothing is kept.
 *
 *   language.ts             what users write: symbols, patterns, expressions, heads, clauses, specs, predicates
 *   query-compiler.ts       a spec, a pattern with guards, or a predicate: the two functions above
 *   clause-compiler.ts      one clause: its head, guards and body
 *   head-compiler.ts        a pattern for each part of a row: key, pid, value
 *   pattern-compiler.ts     a pattern: tests a part of a row and binds variables (variables.ts)
 *   expression-compiler.ts  guards and bodies: variables, literals (literal.ts) and calls of operators
 *   operator-table.ts       every operator and its builder in `ms`
 *   operator-shapes.ts      how a call is compiled, by number of operands; exceptions in construction.ts, comparison.ts, logic.ts
 *   sieve.ts                leaves out, in one fast loop, most rows of a whole table that a clause cannot match
 *
 * Deterministic and without I/O. Assumes that rows are in normal form. May import: term.
 */
export { _, $, $_, $$, EXIT, rest } from './language';
export type {
  AllVariables,
  Call,
  Clause,
  Expression,
  Head,
  Literal,
  MatchSymbol,
  Pattern,
  Predicate,
  Rest,
  Spec,
  Variable,
  WholeRow,
  Wildcard,
} from './language';
export { ms } from './operator-table';
export type { MatchContext, MatchRow } from './evaluation';
export { compileMatch, compileSpec, NO_MATCH, type CompiledSpec } from './query-compiler';
