import type { Literal } from './literal';
import type { MatchSymbol } from './symbol';

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
