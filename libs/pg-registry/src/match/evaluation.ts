import type { Key, Pid, Value } from '../term';
import type { EXIT, MatchSymbol } from './language';

/** A row to match: an entry or a row of a table. Key, pid and value are in normal form. */
export interface MatchRow {
  readonly key: Key;
  readonly pid: Pid;
  readonly value: Value;
  /** The entry that predicates get; if it is missing, they get the row itself. */
  readonly entry?: unknown;
}

/** What expressions can read about the process that runs the query. */
export interface MatchContext {
  /** The process that runs the query, for `['self']` and `['node']`. Read only where these stand, so it may be a getter. */
  readonly self: Pid;
}

/** The result of an expression: a value, {@link EXIT}, a quoted symbol, or an array or object with these inside. */
export type Term = Value | typeof EXIT | MatchSymbol | readonly Term[] | { readonly [name: string]: Term };

/** A compiled expression. {@link EXIT} says that it failed. It runs after the head has bound the variables. */
export type Evaluate = (row: MatchRow, context: MatchContext) => Term;

/** Whether a row matches. */
export type Matcher = (row: MatchRow, context: MatchContext) => boolean;

/** Compiles the operands of a call, for its operator. */
export interface ExpressionPlace {
  /**
   * True in a guard, where an operand that failed fails the call. In a body EXIT stands in the operand's place and the
   * call goes on with it.
   */
  readonly isGuard: boolean;
  /** Compiles an operand. */
  compile(expression: unknown): Evaluate;
  /** The normal form of any value or symbol. */
  quote(term: unknown): Term;
  /** Throws InvalidArgumentError with the place in front. */
  refuse(message: string): never;
}

/** Specs nested deeper than this are refused, cyclic ones among them. */
export const MAX_DEPTH = 200;

/** Whether `x` is a plain object: its prototype is Object's, that of another realm's Object, or null. */
export function isRecord<T>(x: T): x is T & { readonly [name: string]: T } {
  if (typeof x !== 'object' || x === null) return false;
  const prototype: object | null = Object.getPrototypeOf(x);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}
