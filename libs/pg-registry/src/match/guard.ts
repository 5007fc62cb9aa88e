import { InvalidArgumentError } from '../term';
import type { Evaluate, MatchContext, MatchRow } from './evaluation';
import { ExpressionCompiler } from './expression-compiler';
import type { CompiledHead } from './head';
import { findOperator } from './operators';
import { anything } from './pattern';
import type { Variables } from './variables';

type Tests = Pick<CompiledHead, 'key' | 'pid' | 'value'>;

/** Whether a row matches. */
export type Matcher = (row: MatchRow, context: MatchContext) => boolean;

/** The tests of a head and the guards behind it as one matcher. */
export function matcherOf({ key, pid, value }: Tests, guards: readonly Evaluate[]): Matcher {
  return (row, context) => {
    if (key !== anything && !key(row.key)) return false;
    if (pid !== anything && !pid(row.pid)) return false;
    if (value !== anything && !value(row.value)) return false;
    for (const guard of guards) if (guard(row, context) !== true) return false;
    return true;
  };
}

/**
 * Compiles guards: all of them, in order, must come to exactly `true`. One that comes to anything else, or fails, fails
 * the row.
 *
 * @param where What stands before `guard 1` in messages.
 */
export function compileGuards(guards: unknown, variables: Variables, where: string): readonly Evaluate[] {
  if (guards === undefined) return [];
  if (!Array.isArray(guards)) throw new InvalidArgumentError(`${where}guards are an array of expressions.`);
  const list: readonly unknown[] = guards;
  if (findOperator(list[0]) !== undefined) {
    throw new InvalidArgumentError(
      `${where}guards are an array of expressions: write [['${String(list[0])}', …]], with the call in an array of its own.`,
    );
  }
  return list.map((guard, i) =>
    new ExpressionCompiler(variables, `${where}guard ${i + 1}`, true).compile(guard),
  );
}
