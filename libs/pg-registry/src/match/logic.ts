import type { Term } from './evaluation';
import { EXIT } from './language';
import type { Operator, Variadic } from './operator-shapes';

const areBooleans = (terms: readonly Term[]): terms is readonly boolean[] =>
  terms.every((term) => typeof term === 'boolean');

/** The negation of a boolean. */
export function not(x: Term): Term {
  return typeof x === 'boolean' ? !x : EXIT;
}

/** Whether all are true; fails if one is no boolean, even if another one would have decided. */
export function and(terms: readonly Term[]): Term {
  return areBooleans(terms) ? !terms.includes(false) : EXIT;
}

/** Whether one is true; fails like {@link and}. */
export function or(terms: readonly Term[]): Term {
  return areBooleans(terms) ? terms.includes(true) : EXIT;
}

/** Whether exactly one of two booleans is true. */
export function xor(x: Term, y: Term): Term {
  return typeof x === 'boolean' && typeof y === 'boolean' ? x !== y : EXIT;
}

/**
 * `andalso` and `orelse`: operands are evaluated until one is `deciding`, which is the result; the last one is the
 * result whatever it is. An earlier operand that is no boolean fails.
 */
export function shortCircuit(name: string, deciding: boolean): Operator<Variadic> {
  return {
    name,
    least: 1,
    most: Infinity,
    build: (...operands) => [name, ...operands],
    compile(operands, place) {
      const earlier = operands.slice(0, -1).map((operand) => place.compile(operand));
      const last = place.compile(operands.at(-1));
      return (row, context) => {
        for (const evaluate of earlier) {
          const value = evaluate(row, context);
          if (value === deciding) return deciding;
          if (value !== !deciding) return EXIT;
        }
        return last(row, context);
      };
    },
  };
}
