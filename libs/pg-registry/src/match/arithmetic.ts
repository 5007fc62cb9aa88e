import type { Term } from './evaluation';
import { EXIT } from './language';

/**
 * Arithmetic on two numbers or two bigints; a mixture fails, as does anything else. `-0` never is a result, because no
 * stored value is `-0`. Beyond the integers that numbers hold exactly, and with NaN, numbers behave as in JavaScript.
 */
type Fallible<T> = T | typeof EXIT;

function arithmetic(
  numbers: (x: number, y: number) => Fallible<number>,
  bigints: (x: bigint, y: bigint) => Fallible<bigint>,
): (x: Term, y: Term) => Term {
  return (x, y) => {
    if (typeof x === 'number' && typeof y === 'number') {
      const result = numbers(x, y);
      return result === EXIT ? EXIT : result + 0;
    }
    return typeof x === 'bigint' && typeof y === 'bigint' ? bigints(x, y) : EXIT;
  };
}

function conversion(
  number: (x: number) => Fallible<number>,
  bigint: (x: bigint) => bigint,
): (x: Term) => Term {
  return (x) => {
    if (typeof x === 'number') {
      const result = number(x);
      return result === EXIT ? EXIT : result + 0;
    }
    return typeof x === 'bigint' ? bigint(x) : EXIT;
  };
}

const same = (x: bigint): bigint => x;

/** Sum. */
export const add = arithmetic(
  (x, y) => x + y,
  (x, y) => x + y,
);
/** Difference. */
export const subtract = arithmetic(
  (x, y) => x - y,
  (x, y) => x - y,
);
/** Product. */
export const multiply = arithmetic(
  (x, y) => x * y,
  (x, y) => x * y,
);
/** Fails for bigints, which hold no fractions. */
export const divide = arithmetic(
  (x, y) => (y === 0 ? EXIT : x / y),
  () => EXIT,
);
/** Integers only; truncates toward zero. The remainder goes first, so that the division is exact. */
export const quotient = arithmetic(
  (x, y) => (Number.isInteger(x) && Number.isInteger(y) && y !== 0 ? (x - (x % y)) / y : EXIT),
  (x, y) => (y === 0n ? EXIT : x / y),
);
/** Integers only; has the sign of the dividend. */
export const remainder = arithmetic(
  (x, y) => (Number.isInteger(x) && Number.isInteger(y) && y !== 0 ? x % y : EXIT),
  (x, y) => (y === 0n ? EXIT : x % y),
);

/** The operand, if it is a number or bigint. */
export const keep = conversion((x) => x, same);
/** The negative. */
export const negate = conversion(
  (x) => -x,
  (x) => -x,
);
/** The absolute value. */
export const absolute = conversion(Math.abs, (x) => (x < 0n ? -x : x));
/** Halves go away from zero; those of `Math.round` go up. */
export const round = conversion((x) => Math.sign(x) * Math.round(Math.abs(x)), same);
/** The integer part; like the next two it leaves bigints as they are. */
export const truncate = conversion(Math.trunc, same);
/** The next integer below. */
export const floor = conversion(Math.floor, same);
/** The next integer above. */
export const ceil = conversion(Math.ceil, same);

/** Bits of integers as in infinite two's complement: numbers are not cut to 32 bits, as JavaScript's operators would. */
function bitwise(
  word: (x: number, y: number) => number,
  bigints: (x: bigint, y: bigint) => bigint,
): (x: Term, y: Term) => Term {
  return arithmetic((x, y) => {
    if ((x | 0) === x && (y | 0) === y) return word(x, y);
    return Number.isSafeInteger(x) && Number.isSafeInteger(y) ? Number(bigints(BigInt(x), BigInt(y))) : EXIT;
  }, bigints);
}

/** Bits set in both. */
export const bitAnd = bitwise(
  (x, y) => x & y,
  (x, y) => x & y,
);
/** Bits set in one or both. */
export const bitOr = bitwise(
  (x, y) => x | y,
  (x, y) => x | y,
);
/** Bits set in one of two. */
export const bitXor = bitwise(
  (x, y) => x ^ y,
  (x, y) => x ^ y,
);
/** All bits turned round. */
export const bitNot = conversion(
  (x) => (Number.isSafeInteger(x) ? -x - 1 : EXIT),
  (x) => ~x,
);

/** A bigint shifted left further than this fails, so that a stored number cannot make a query fill the memory. */
const LONGEST_SHIFT = 65_536n;

function shiftNumber(x: number, places: number): Fallible<number> {
  if (!Number.isSafeInteger(x) || !Number.isSafeInteger(places)) return EXIT;
  if (x === 0) return 0;
  const shifted = Math.floor(x * 2 ** Math.max(places, -1000)); // exact: only the exponent changes
  return Number.isSafeInteger(shifted) ? shifted : EXIT;
}

function shiftBigint(x: bigint, places: bigint): Fallible<bigint> {
  return places > LONGEST_SHIFT ? EXIT : x << places;
}

/** Integers only; a negative shift goes the other way. A number fails where the result is no safe integer. */
export const shiftLeft = arithmetic(shiftNumber, shiftBigint);
/** The other way than {@link shiftLeft}; keeps the sign. */
export const shiftRight = arithmetic(
  (x, places) => shiftNumber(x, -places),
  (x, places) => shiftBigint(x, -places),
);
