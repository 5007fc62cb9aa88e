import { isPid } from '../term';
import * as inspection from './inspection';
import * as arithmetic from './arithmetic';
import { equality, extreme, ordering } from './comparison';
import { isRecord } from './evaluation';
import { constant, objectOf } from './construction';
import type { Call, Expression } from './language';
import * as logic from './logic';
import { binary, either, nullary, typeTest, unary, variadic, type Operator } from './operator-shapes';

const signed =
  (name: string) =>
  (...operands: [left: Expression, right?: Expression]): Call => [name, ...operands];

/**
 * The operators of guards and bodies: on the left the builder in `ms`, in quotes the name in a call. The compiler, the
 * builders and the messages all read this table. What an operator fails for, it says; a failure fails the row in a
 * guard and becomes EXIT in a body.
 */
export const OPERATORS = {
  /** The same value: strict and structural (`sameValue`), so `1`, `'1'` and `1n` differ and NaN is NaN. Never fails. */
  eq: equality('==', true),
  /** Another value. Never fails. */
  ne: equality('!=', false),
  /** Before, in the total order of all values (`compareValues`), whatever their kinds. */
  lt: ordering('<', (order) => order < 0),
  /** Before or the same. */
  lte: ordering('<=', (order) => order <= 0),
  /** After. */
  gt: ordering('>', (order) => order > 0),
  /** After or the same. */
  gte: ordering('>=', (order) => order >= 0),

  /** Negation of a boolean. */
  not: unary('not', logic.not),
  /** All true. Every operand is evaluated and must be a boolean. */
  and: variadic('and', 1, logic.and),
  /** One or more true. Every operand is evaluated and must be a boolean. */
  or: variadic('or', 1, logic.or),
  /** One of two true. */
  xor: binary('xor', logic.xor),
  /** Stops at the first false; else the last operand, whatever it is. Earlier ones must be booleans. */
  andalso: logic.shortCircuit('andalso', false),
  /** Stops at the first true; else the last operand, whatever it is. Earlier ones must be booleans. */
  orelse: logic.shortCircuit('orelse', true),

  /** Sum, of two numbers or two bigints; a mixture fails, so everywhere in arithmetic. With one operand: that operand. */
  add: either(unary('+', arithmetic.keep), binary('+', arithmetic.add), signed('+')),
  /** Difference; with one operand its negative. */
  sub: either(unary('-', arithmetic.negate), binary('-', arithmetic.subtract), signed('-')),
  /** Product. */
  mul: binary('*', arithmetic.multiply),
  /** Quotient of numbers, with its fraction. Fails for bigints and for division by zero. */
  divide: binary('/', arithmetic.divide),
  /** Quotient of integers, truncated toward zero. Fails for fractions and for division by zero. */
  div: binary('div', arithmetic.quotient),
  /** Remainder of `div`, with the sign of the dividend. */
  rem: binary('rem', arithmetic.remainder),
  /** Absolute value. */
  abs: unary('abs', arithmetic.absolute),
  /** The nearest integer, halves away from zero; this and the next three leave bigints as they are. */
  round: unary('round', arithmetic.round),
  /** The integer part. */
  trunc: unary('trunc', arithmetic.truncate),
  /** The next integer below. */
  floor: unary('floor', arithmetic.floor),
  /** The next integer above. */
  ceil: unary('ceil', arithmetic.ceil),
  /** The lesser in the total order of all values. */
  min: extreme('min', (order) => order < 0),
  /** The greater in the total order of all values. */
  max: extreme('max', (order) => order > 0),

  /** Bits set in both integers; numbers up to 2^53 - 1, not only 32 bits. */
  band: binary('band', arithmetic.bitAnd),
  /** Bits set in one or both. */
  bor: binary('bor', arithmetic.bitOr),
  /** Bits set in one of two. */
  bxor: binary('bxor', arithmetic.bitXor),
  /** All bits turned round. */
  bnot: unary('bnot', arithmetic.bitNot),
  /** Shift to the left; a negative shift goes to the right. Fails beyond 2^53 - 1 for numbers, 65,536 places for bigints. */
  bsl: binary('bsl', arithmetic.shiftLeft),
  /** Shift to the right, keeping the sign; a negative shift goes to the left. */
  bsr: binary('bsr', arithmetic.shiftRight),

  /** A string. */
  isString: typeTest('isString', (x) => typeof x === 'string'),
  /** A number, NaN and Infinity included; no bigint. */
  isNumber: typeTest('isNumber', (x) => typeof x === 'number'),
  /** A number without fraction; no bigint. */
  isInteger: typeTest('isInteger', Number.isInteger),
  /** A bigint. */
  isBigInt: typeTest('isBigInt', (x) => typeof x === 'bigint'),
  /** `true` or `false`. */
  isBoolean: typeTest('isBoolean', (x) => typeof x === 'boolean'),
  /** `null`; not `undefined`. */
  isNull: typeTest('isNull', (x) => x === null),
  /** An array. */
  isArray: typeTest('isArray', Array.isArray),
  /** A plain object; no Pid, array, Date, Map, Set or bytes. */
  isObject: typeTest('isObject', isRecord),
  /** A Pid. */
  isPid: typeTest('isPid', isPid),
  /** A typed array or an ArrayBuffer. */
  isBytes: typeTest('isBytes', inspection.isBytes),

  /** `['at', array, index]`: an element, from 0, or from the end with a negative index. Fails outside of the array. */
  at: binary('at', inspection.elementAt),
  /** Elements of an array, UTF-16 units of a string. */
  length: unary('length', inspection.lengthOf),
  /** `['get', object, name]`: a property of a plain object. Fails where there is none. */
  get: binary('get', inspection.propertyOf),
  /** `['has', object, name]`: whether a plain object has the property. Fails, rather than false, for anything else. */
  has: binary('has', inspection.hasProperty),
  /** Properties of a plain object, elements of an array, Map or Set, bytes of a typed array or ArrayBuffer. */
  size: unary('size', inspection.sizeOf),
  /** `['startsWith', text, start]`, for strings. */
  startsWith: binary('startsWith', inspection.startsWith),
  /** `['endsWith', text, end]`, for strings. */
  endsWith: binary('endsWith', inspection.endsWith),
  /** `['includes', whole, part]`: a string in a string, a value in an array or Set. */
  includes: binary('includes', inspection.includes),

  /** The name of the node of a Pid; without operand, of the node that runs the query. */
  node: either(
    nullary('node', (_row, { self }) => self.node),
    unary('node', inspection.nodeOf),
    (...pid: [pid?: Expression]) => ['node', ...pid],
  ),
  /** The Pid of the process that runs the query. */
  self: nullary('self', (_row, { self }) => self),

  /** `['const', x]`: `x` itself, whatever it is: an array that is no call, an object, even `_` or a variable. */
  const: constant,
  /** `['array', x, y, …]`: an array of what the expressions come to. */
  array: variadic('array', 0, (elements) => elements),
  /** `['object', { name: x, … }]`: a plain object of what the expressions come to. */
  object: objectOf,
} satisfies Record<string, Operator>;

/** The ancestors' names where numbers are of one kind: exact equality is equality. */
const ANCESTORS_NAMES: readonly [string, Operator][] = [
  ['=:=', OPERATORS.eq],
  ['=/=', OPERATORS.ne],
];

const BY_NAME: ReadonlyMap<string, Operator> = new Map([
  ...Object.values(OPERATORS).map((operator): [string, Operator] => [operator.name, operator]),
  ...ANCESTORS_NAMES,
]);

/** The operator of a call, or undefined. */
export function findOperator(name: unknown): Operator | undefined {
  return typeof name === 'string' ? BY_NAME.get(name) : undefined;
}

/** All names, for messages. */
export function operatorNames(): string {
  return [...BY_NAME.keys()].join(' ');
}

/** One builder for each operator, typed by its number of arguments. */
type Builders = { readonly [B in keyof typeof OPERATORS]: (typeof OPERATORS)[B]['build'] };

/**
 * A typed builder for every operator: `ms.gt($(0), 3)` is `['>', $(0), 3]`, ready for a guard or body.
 *
 * The guide's page on queries lists them side by side, with what each does.
 */
export const ms: Builders = Object.freeze(
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.fromEntries forgets the names
  Object.fromEntries(Object.entries(OPERATORS).map(([name, { build }]) => [name, build])) as Builders,
);
