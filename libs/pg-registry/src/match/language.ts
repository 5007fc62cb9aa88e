/** The query language as users write it: symbols, literals, patterns, expressions, heads, clauses and specs. */
import { describeValue, InvalidArgumentError, type Pid, type TypedArray, type Value } from '../term';

/**
 * Base of the symbols that stand in patterns and expressions for something that is not a literal.
 *
 * A symbol is an object of the library and never a string, so no stored data can be mistaken for one.
 */
export abstract class MatchSymbol {
  /** Returns the symbol as it is written in a query, for messages. */
  abstract toString(): string;

  /** What `console.log` and `util.inspect` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** The type of {@link _}. */
export class Wildcard extends MatchSymbol {
  /** Makes the type differ from those of the other symbols, which TypeScript would accept otherwise. */
  readonly stands = 'for anything';

  override toString(): string {
    return '_';
  }
}

/** The type of {@link $}'s variables. */
export class Variable extends MatchSymbol {
  /** @param number Which variable it is. */
  constructor(readonly number: number) {
    super();
    Object.freeze(this);
  }

  override toString(): string {
    return `$(${this.number})`;
  }
}

/** The type of {@link rest}'s tails. */
export class Rest extends MatchSymbol {
  /** @param pattern What the remaining elements match, as an array. */
  constructor(readonly pattern: Pattern) {
    super();
    Object.freeze(this);
  }

  override toString(): string {
    return 'rest(…)';
  }
}

/** The type of {@link $_}. */
export class WholeRow extends MatchSymbol {
  /** Makes the type differ from those of the other symbols, which TypeScript would accept otherwise. */
  readonly stands = 'for the row';

  override toString(): string {
    return '$_';
  }
}

/** The type of {@link $$}. */
export class AllVariables extends MatchSymbol {
  /** Makes the type differ from those of the other symbols, which TypeScript would accept otherwise. */
  readonly stands = 'for the variables';

  override toString(): string {
    return '$$';
  }
}

/** In a pattern: anything, at any depth; binds nothing. Mirrors `:_`. */
export const _: Wildcard = Object.freeze(new Wildcard());

/** In a guard or body: the row as `{ key, pid, value }`, a new object each time. Mirrors `:"$_"`. */
// oxlint-disable-next-line eslint/no-underscore-dangle -- the ancestors' name
export const $_: WholeRow = Object.freeze(new WholeRow());

/** In a guard or body: an array of what the head's variables hold, by ascending number. Mirrors `:"$$"`. */
export const $$: AllVariables = Object.freeze(new AllVariables());

/**
 * Stands in the result of a body in the place of the operator call that failed, for instance of a division by zero.
 *
 * Equal to itself only. Later operators of the same body see it as a value of no kind: type tests answer `false`,
 * every operator that needs a certain kind or an order fails too. Mirrors `:EXIT`.
 */
export const EXIT: unique symbol = Symbol('EXIT');

/**
 * The variable number `number`. In a pattern it matches anything; where it stands again, in the same part of the head
 * or in another one, it matches only the same value (`sameValue`). In guards and bodies it is that value.
 * Mirrors `:"$1"`.
 *
 * @param number A whole number ≥ 0; gaps are allowed.
 * @throws InvalidArgumentError for anything else.
 */
export function $(number: number): Variable {
  if (Number.isSafeInteger(number) && number >= 0) return new Variable(number);
  throw new InvalidArgumentError(
    `A variable must be $(n) with a whole number n ≥ 0, such as $(0) or $(1) (got ${describeValue(number)}).`,
  );
}

/**
 * As last element of an array pattern: any number of further elements, none included, which as an array match
 * `pattern`. Mirrors the open tail `[head | tail]`.
 *
 * @param pattern Anything by default; a variable binds the remaining elements as a new array.
 */
export function rest(pattern: Pattern = _): Rest {
  return new Rest(pattern);
}

/** Values that are literals wherever they stand in a pattern or an expression; arrays and objects have meanings. */
export type Literal =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Pid
  | Date
  | ReadonlyMap<Value, Value>
  | ReadonlySet<Value>
  | TypedArray
  | ArrayBuffer;

/**
 * What a part of an entry must look like to match.
 *
 * - a literal matches the same value (`sameValue`): `1` neither `'1'` nor `1n`, dates by time, Maps and Sets whatever
 *   their order, bytes by kind and content;
 * - an array matches arrays of the same length, element by element, or with {@link rest} as last element any longer
 *   ones;
 * - a plain object matches plain objects that have at least its properties, each matching, also where `undefined` is
 *   asked for; `{}` matches every plain object;
 * - `_` matches anything, a variable too, and binds it.
 *
 * Mirrors the head of an ETS match specification.
 */
export type Pattern =
  Literal | Wildcard | Variable | readonly (Pattern | Rest)[] | { readonly [name: string]: Pattern };

/**
 * A guard or body: a call `[operator, ...operands]`, a variable of the head, `$_` (the row), `$$` (the variables), or
 * a literal.
 *
 * An array always is a call: `['array', …]` makes an array, `['const', […]]` quotes one. A plain object is a literal
 * too; `['object', {…}]` fills in variables. The operators are the members of {@link ms}.
 */
export type Expression = Literal | MatchSymbol | { readonly [name: string]: Expression } | Call;

/** A call of an operator, as data: its name, then its operands. */
export type Call = readonly Expression[];

/** The rows that a clause matches, part by part. A part that is left out matches anything. */
export interface Head {
  /** Pattern of the key. A literal key is looked up in the index instead of walking all rows. */
  readonly key?: Pattern;
  /** One process, a variable, or `_` for any process. */
  readonly pid?: Wildcard | Variable | Pid;
  /** Pattern of the value. */
  readonly value?: Pattern;
}

/** One part of a query: a row that its head and guards match gives the result of its body. */
export interface Clause {
  /** The rows that can match, and the variables that they bind. */
  readonly head: Head;
  /** Conditions: the result of each must be exactly `true`. None by default. */
  readonly guards?: readonly Expression[];
  /** The result for a row; by default the whole row, `$_`. */
  readonly body?: Expression;
}

/** A query over all entries: for each entry, the first clause that matches it gives the result. Mirrors a match specification. */
export type Spec = Clause | readonly Clause[];

/**
 * A function instead of a pattern or spec. An entry matches if the function returns exactly `true`. If it throws, the query
 * throws the same error and changes nothing.
 */
export type Predicate<E> = (entry: E) => boolean;
