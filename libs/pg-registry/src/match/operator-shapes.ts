import type { Evaluate, ExpressionPlace, Term } from './evaluation';
import { EXIT, type Call, type Expression } from './language';

/** One operator of the language: its name, its builder, and how a call of it is compiled. */
export interface Operator<Build extends (...operands: never[]) => Call = (...operands: never[]) => Call> {
  /** The first element of a call. */
  readonly name: string;
  /** How many operands it takes at least. */
  readonly least: number;
  /** How many operands it takes at most. */
  readonly most: number;
  /** Its builder in `ms`. */
  readonly build: Build;
  /** Compiles a call that has the right number of operands. */
  readonly compile: (operands: readonly unknown[], place: ExpressionPlace) => Evaluate;
}

/** Builds a call with one operand. */
export type Unary = (operand: Expression) => Call;
/** Builds a call with two operands. */
export type Binary = (left: Expression, right: Expression) => Call;
/** Builds a call with any number of operands. */
export type Variadic = (...operands: Expression[]) => Call;

/** An operator that asks about the row or the one who runs the query. */
export function nullary(name: string, evaluate: Evaluate): Operator<() => Call> {
  return { name, least: 0, most: 0, build: () => [name], compile: () => evaluate };
}

/** An operator with one operand. Here and below `apply` answers EXIT for operands it cannot be applied to. */
export function unary(name: string, apply: (x: Term) => Term): Operator<Unary> {
  return {
    name,
    least: 1,
    most: 1,
    build: (x) => [name, x],
    compile([operand], place) {
      const { isGuard } = place;
      const x = place.compile(operand);
      return (row, context) => {
        const value = x(row, context);
        return isGuard && value === EXIT ? EXIT : apply(value);
      };
    },
  };
}

/** A type test: `true` or `false`, whatever the operand. */
export function typeTest(name: string, test: (x: Term) => boolean): Operator<Unary> {
  return unary(name, test);
}

/** An operator with two operands; both are evaluated. */
export function binary(name: string, apply: (x: Term, y: Term) => Term): Operator<Binary> {
  return {
    name,
    least: 2,
    most: 2,
    build: (x, y) => [name, x, y],
    compile([left, right], place) {
      const { isGuard } = place;
      const x = place.compile(left);
      const y = place.compile(right);
      return (row, context) => {
        const a = x(row, context);
        const b = y(row, context);
        return isGuard && (a === EXIT || b === EXIT) ? EXIT : apply(a, b);
      };
    },
  };
}

/** Two operators of one name, told apart by the number of their operands: `fewer` takes one less than `more`. */
export function either<Build extends (...operands: never[]) => Call>(
  fewer: Operator,
  more: Operator,
  build: Build,
): Operator<Build> {
  return {
    name: more.name,
    least: fewer.least,
    most: more.most,
    build,
    compile: (operands, place) => (operands.length === fewer.most ? fewer : more).compile(operands, place),
  };
}

/** An operator with any number of operands from `least`; all are evaluated. */
export function variadic(
  name: string,
  least: number,
  apply: (values: readonly Term[]) => Term,
): Operator<Variadic> {
  return {
    name,
    least,
    most: Infinity,
    build: (...operands) => [name, ...operands],
    compile(operands, place) {
      const { isGuard } = place;
      const evaluates = operands.map((operand) => place.compile(operand));
      return (row, context) => {
        const values: Term[] = [];
        for (const evaluate of evaluates) values.push(evaluate(row, context));
        return isGuard && values.includes(EXIT) ? EXIT : apply(values);
      };
    },
  };
}
