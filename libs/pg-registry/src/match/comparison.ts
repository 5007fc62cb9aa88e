import { compareValues, sameValue, type Value } from '../term';
import type { Term } from './evaluation';
import { isComparedByIdentity } from './literal';
import { binary, type Binary, type Operator } from './operator-shapes';
import { EXIT } from './language';

/** EXIT and symbols inside of arrays and objects: to term/ they are objects without properties of their own kind. */
function asValue(x: Term): Value {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- equality and order are total, and throw for nothing
  return x as Value;
}

/**
 * Whether two terms are the same. EXIT and symbols are the same as themselves only, wherever they stand.
 */
export function same(x: Term, y: Term): boolean {
  if (x === EXIT || y === EXIT) return x === y;
  return sameValue(asValue(x), asValue(y));
}

/** `compareValues`, or NaN, which is neither above nor below nor 0, if one of them has no order because it failed. */
export function order(x: Term, y: Term): number {
  if (typeof x === 'number' && typeof y === 'number') {
    if (x < y) return -1;
    if (x > y) return 1;
    if (x === y) return 0;
  }
  return x === EXIT || y === EXIT ? Number.NaN : compareValues(asValue(x), asValue(y));
}

/** `==` (`expected` is true) or `!=`. */
export function equality(name: string, expected: boolean): Operator<Binary> {
  const general = binary(name, (x, y) => same(x, y) === expected);
  return {
    ...general,
    compile(operands, place) {
      const [left, constant] = operands;
      if (!isComparedByIdentity(constant)) return general.compile(operands, place);
      const x = place.compile(left);
      const { isGuard } = place;
      return (row, context) => {
        const value = x(row, context);
        return isGuard && value === EXIT ? EXIT : (value === constant) === expected;
      };
    },
  };
}

/** One of `<`, `<=`, `>`, `>=`: whether the order of its operands, as `compareValues` tells it, is the right one. */
export function ordering(name: string, holds: (order: number) => boolean): Operator<Binary> {
  const apply = (x: Term, y: Term): Term => {
    const difference = order(x, y);
    return Number.isNaN(difference) ? EXIT : holds(difference);
  };
  const general = binary(name, apply);
  return {
    ...general,
    compile(operands, place) {
      const [left, constant] = operands;
      if (typeof constant !== 'number') return general.compile(operands, place);
      const x = place.compile(left);
      // A variable against a number is the most common guard: faster than the general way.
      const [below, equal, above] = [holds(-1), holds(0), holds(1)];
      return (row, context) => {
        const value = x(row, context);
        if (typeof value !== 'number') return apply(value, constant);
        if (value < constant) return below;
        if (value > constant) return above;
        return value === constant ? equal : apply(value, constant); // NaN
      };
    },
  };
}

/** The lesser or the greater of two operands, or the first if they are the same. */
export function extreme(name: string, isBetter: (order: number) => boolean): Operator<Binary> {
  return binary(name, (x, y) => {
    const difference = order(y, x);
    if (Number.isNaN(difference)) return EXIT;
    return isBetter(difference) ? y : x;
  });
}
