import { describeValue } from '../term';
import { isRecord, MAX_DEPTH, type Evaluate, type ExpressionPlace, type Term } from './evaluation';
import { containsSymbol, normalLiteral, normalQuote } from './literal';
import type { Operator } from './operator-shapes';
import { findOperator, operatorNames } from './operator-table';
import { invalidQuery } from './query-error';
import { $_, $$, MatchSymbol, Variable } from './language';
import type { Binding, Variables } from './variables';

/** Compiles one guard or body into closures. Throws InvalidArgumentError, with the place, for whatever is no expression. */
export class ExpressionCompiler implements ExpressionPlace {
  #depth = 0;

  readonly #variables: Variables;
  readonly #where: string;

  /**
   * @param variables Those that the head binds.
   * @param where The place of the expression, for messages.
   * @param isGuard See {@link ExpressionPlace.isGuard}.
   */
  constructor(
    variables: Variables,
    where: string,
    readonly isGuard: boolean,
  ) {
    this.#variables = variables;
    this.#where = where;
  }

  /** Also for the operands of what is being compiled. */
  compile(expression: unknown): Evaluate {
    if (Array.isArray(expression)) return this.#call(expression);
    if (expression instanceof MatchSymbol) return this.#symbol(expression);
    if (isRecord(expression) && containsSymbol(expression)) {
      this.refuse("to fill a variable into an object, write ['object', {…}]");
    }
    const literal = normalLiteral(expression, this.#where);
    return () => literal;
  }

  quote(term: unknown): Term {
    return normalQuote(term, this.#where);
  }

  refuse(message: string): never {
    throw invalidQuery(this.#where, `: ${message}`);
  }

  #call([name, ...operands]: readonly unknown[]): Evaluate {
    const operator = findOperator(name) ?? this.#refuseName(name);
    if (operands.length < operator.least || operands.length > operator.most) {
      this.refuse(`'${operator.name}' takes ${operandCount(operator)} (got ${operands.length})`);
    }
    if (this.#depth === MAX_DEPTH) this.refuse(`must not be nested deeper than ${MAX_DEPTH} levels`);
    this.#depth += 1;
    const evaluate = operator.compile(operands, this);
    this.#depth -= 1;
    return evaluate;
  }

  #refuseName(name: unknown): never {
    if (typeof name === 'string')
      this.refuse(`unknown operator '${name}'; valid operators are ${operatorNames()}`);
    return this.refuse(
      `an array is a call, so its first element must be the name of an operator (got ${describeValue(name)}); ` +
        "for an array as such, write ['array', …] or ['const', […]]",
    );
  }

  #symbol(symbol: MatchSymbol): Evaluate {
    if (symbol instanceof Variable) return this.#variable(symbol);
    if (symbol === $_) return (row) => ({ key: row.key, pid: row.pid, value: row.value });
    if (symbol !== $$) return this.refuse(`${symbol.toString()} is allowed only in patterns`);
    const all = this.#variables.ascending().map((binding) => this.#bound(binding));
    return (row, context) => all.map((variable) => variable(row, context));
  }

  #variable(variable: Variable): Evaluate {
    const binding = this.#variables.find(variable.number);
    if (binding !== undefined) return this.#bound(binding);
    const names = this.#variables.ascending().map(({ number }) => `$(${number})`);
    return this.refuse(
      `${variable.toString()} is not bound by the head, which binds ${names.join(', ') || 'no variable'}`,
    );
  }

  #bound({ part, slot }: Binding): Evaluate {
    const { slots } = this.#variables;
    switch (part) {
      case 'key':
        return (row) => row.key;
      case 'pid':
        return (row) => row.pid;
      case 'value':
        return (row) => row.value;
      case undefined:
      default:
        return () => slots[slot];
    }
  }
}

function operandCount({ least, most }: Operator): string {
  if (most === Infinity) return `${least} or more operands`;
  const count = least === most ? `${least}` : `${least} or ${most}`;
  return `${count} operand${most === 1 ? '' : 's'}`;
}

/**
 * Compiles guards: all of them, in order, must come to exactly `true`. One that comes to anything else, or fails, fails
 * the row.
 *
 * @param where What stands before `guard 1` in messages.
 */
export function compileGuards(guards: unknown, variables: Variables, where: string): readonly Evaluate[] {
  if (guards === undefined) return [];
  if (!Array.isArray(guards))
    throw invalidQuery(where, `guards must be an array of expressions (got ${describeValue(guards)})`);
  const list: readonly unknown[] = guards;
  if (findOperator(list[0]) !== undefined) {
    throw invalidQuery(
      where,
      `guards must be an array of expressions: write [['${String(list[0])}', …]], with the call in an array of its own`,
    );
  }
  return list.map((guard, i) =>
    new ExpressionCompiler(variables, `${where}guard ${i + 1}`, true).compile(guard),
  );
}
