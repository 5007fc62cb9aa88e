import { InvalidArgumentError } from '../term';
import type { Pattern } from './pattern';

/**
 * Stands in a pattern or an expression for something that is not a literal.
 *
 * An object of the library and never a string, so no stored data can be mistaken for one.
 */
export abstract class MatchSymbol {
  /** As it is written in a pattern or expression, for messages. */
  abstract toString(): string;

  /** What `console.log` and `util.inspect` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** The type of {@link _}. */
export class Wildcard extends MatchSymbol {
  /** Tells its type from those of the other symbols, which look alike otherwise. */
  readonly stands = 'for anything';

  override toString(): string {
    return '_';
  }
}

/** What {@link $} makes. */
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

/** What {@link rest} makes. */
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
  /** Tells its type from those of the other symbols, which look alike otherwise. */
  readonly stands = 'for the row';

  override toString(): string {
    return '$_';
  }
}

/** The type of {@link $$}. */
export class AllVariables extends MatchSymbol {
  /** Tells its type from those of the other symbols, which look alike otherwise. */
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
 * everything that needs a certain kind or an order fails too. Mirrors `:EXIT`.
 */
export const EXIT: unique symbol = Symbol('EXIT');

/**
 * The variable number `number`. In a pattern it matches anything; where it stands again, in the same part of the head
 * or in another one, it matches only the same value (`sameValue`). In guards and bodies it is that value.
 * Mirrors `:"$1"`.
 *
 * @param number An integer from 0; gaps are allowed.
 * @throws InvalidArgumentError for anything else.
 */
export function $(number: number): Variable {
  if (Number.isSafeInteger(number) && number >= 0) return new Variable(number);
  throw new InvalidArgumentError('A variable is $(n) with an integer n from 0, such as $(0) or $(1).');
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
