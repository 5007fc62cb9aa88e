/**
 * The language of match specs once more, as slowly and plainly as its documentation puts it, for property tests.
 * It shares nothing with the compiler but the symbols and the equality and order of values.
 */
import { compareValues, Pid, sameValue, type Value } from '../term';
import type { Clause, Expression, Pattern } from '.';
import type { MatchRow } from './evaluation';
import { $_, $$, EXIT, Rest, Variable, Wildcard } from './language';

type Any = Value | typeof EXIT | readonly Any[] | { readonly [name: string]: Any };
type Bindings = Map<number, Value>;

class Failure extends Error {}

/** The result of the first clause that matches the row, in an array; an empty array if none does. */
export function interpret(clauses: readonly Clause[], row: MatchRow, self: Pid): unknown[] {
  for (const { head, guards = [], body = $_ } of clauses) {
    const bindings: Bindings = new Map();
    let isMatch = true;
    if ('key' in head) isMatch &&= matches(head.key, row.key, bindings);
    if ('pid' in head) isMatch &&= matches(head.pid, row.pid, bindings);
    if ('value' in head) isMatch &&= matches(head.value, row.value, bindings);
    for (const guard of guards) isMatch &&= passes(guard, row, bindings, self);
    if (isMatch) return [new Interpreter(row, bindings, self, false).evaluate(body)];
  }
  return [];
}

export function matches(pattern: Pattern | Rest, value: Value, bindings: Bindings): boolean {
  if (pattern instanceof Wildcard) return true;
  if (pattern instanceof Variable) {
    if (bindings.has(pattern.number)) return sameValue(bindings.get(pattern.number), value);
    bindings.set(pattern.number, value);
    return true;
  }
  if (Array.isArray(pattern)) {
    const elements: readonly (Pattern | Rest)[] = pattern;
    if (!isArray(value)) return false;
    for (let i = 0; i < elements.length; i += 1) {
      const element = elements[i];
      if (element instanceof Rest) return matches(element.pattern, value.slice(i), bindings);
      if (i >= value.length || !matches(element, value[i], bindings)) return false;
    }
    return value.length === elements.length;
  }
  if (isPlain(pattern)) {
    if (!isPlain(value)) return false;
    for (const name of Object.keys(pattern)) {
      if (!Object.keys(value).includes(name)) return false;
      if (!matches((pattern as never)[name], (value as never)[name], bindings)) return false;
    }
    return true;
  }
  return sameValue(pattern, value);
}

function passes(guard: Expression, row: MatchRow, bindings: Bindings, self: Pid): boolean {
  try {
    return new Interpreter(row, bindings, self, true).evaluate(guard) === true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

class Interpreter {
  readonly #row: MatchRow;
  readonly #bindings: Bindings;
  readonly #self: Pid;
  readonly #isGuard: boolean;

  constructor(row: MatchRow, bindings: Bindings, self: Pid, isGuard: boolean) {
    this.#row = row;
    this.#bindings = bindings;
    this.#self = self;
    this.#isGuard = isGuard;
  }

  evaluate(expression: Expression): Any {
    if (expression === $_) return { key: this.#row.key, pid: this.#row.pid, value: this.#row.value };
    if (expression === $$) {
      return [...this.#bindings].toSorted(([a], [b]) => a - b).map(([, value]) => value);
    }
    if (expression instanceof Variable) return this.#bindings.get(expression.number);
    if (!Array.isArray(expression)) return expression as Value;
    try {
      return this.#call(expression as [string, ...Expression[]]);
    } catch (error) {
      if (error instanceof Failure && !this.#isGuard) return EXIT;
      throw error;
    }
  }

  #call([name, ...operands]: [string, ...Expression[]]): Any {
    if (name === 'const') return operands[0] as Value;
    if (name === 'object') {
      const object: { [name: string]: Any } = {};
      for (const [key, part] of Object.entries(operands[0] as object)) object[key] = this.evaluate(part);
      return object;
    }
    if (name === 'andalso' || name === 'orelse') {
      for (const operand of operands.slice(0, -1)) {
        const value = need(this.evaluate(operand), 'boolean');
        if (value === (name === 'orelse')) return value;
      }
      return this.evaluate(operands[operands.length - 1]);
    }
    const values = operands.map((operand) => this.evaluate(operand));
    if (name === 'self') return this.#self;
    if (name === 'node' && values.length === 0) return this.#self.node;
    return apply(name, values);
  }
}

function apply(name: string, values: Any[]): Any {
  const [a, b] = values;
  switch (name) {
    case 'array':
      return values;
    case 'and':
      return values.map((value) => need(value, 'boolean')).every(Boolean);
    case 'or':
      return values.map((value) => need(value, 'boolean')).some(Boolean);
    case 'xor':
      return need(a, 'boolean') !== need(b, 'boolean');
    case 'not':
      return !need(a, 'boolean');
    case '==':
      return same(a, b);
    case '!=':
      return !same(a, b);
    case '<':
      return order(a, b) < 0;
    case '<=':
      return order(a, b) <= 0;
    case '>':
      return order(a, b) > 0;
    case '>=':
      return order(a, b) >= 0;
    case 'min':
      return order(a, b) <= 0 ? a : b;
    case 'max':
      return order(a, b) >= 0 ? a : b;
    case 'at': {
      check(isArray(a) && Number.isInteger(b) && (b as number) < a.length && (b as number) >= -a.length);
      return (a as Any[]).at(b as number);
    }
    case 'get':
      check(isPlain(a) && typeof b === 'string' && Object.keys(a).includes(b));
      return (a as never)[b];
    case 'has':
      check(isPlain(a) && typeof b === 'string');
      return Object.keys(a).includes(b);
    case 'length':
      check(isArray(a) || typeof a === 'string');
      return (a as string).length;
    case 'size':
      return size(a);
    case 'startsWith':
      return need(a, 'string').startsWith(need(b, 'string'));
    case 'endsWith':
      return need(a, 'string').endsWith(need(b, 'string'));
    case 'includes':
      if (typeof a === 'string') return a.includes(need(b, 'string'));
      check(isArray(a) || a instanceof Set);
      return [...(a as Iterable<Any>)].some((element) => same(element, b));
    case 'node':
      check(a instanceof Pid);
      return a.node;
    default:
      return name.startsWith('is') ? isKind(name, a) : arithmetic(name, values);
  }
}

function size(a: Any): number {
  if (isArray(a)) return a.length;
  if (a instanceof Map || a instanceof Set) return a.size;
  if (a instanceof Uint8Array) return a.length;
  check(isPlain(a));
  return Object.keys(a).length;
}

function isKind(name: string, a: Any): boolean {
  switch (name) {
    case 'isNull':
      return a === null;
    case 'isArray':
      return isArray(a);
    case 'isObject':
      return isPlain(a);
    case 'isPid':
      return a instanceof Pid;
    case 'isBytes':
      return a instanceof Uint8Array;
    case 'isInteger':
      return Number.isInteger(a);
    default:
      return typeof a === name.slice('is'.length).toLowerCase();
  }
}

/** Integers are calculated as bigints and brought back. */
function arithmetic(name: string, [a, ...others]: Any[]): Any {
  const isBig = typeof a === 'bigint';
  check((isBig || typeof a === 'number') && others.every((other) => typeof other === typeof a));
  const [b] = others;
  if (isBig) return onBigints(name, a, b as bigint | undefined);
  const result = onNumbers(name, a, b as number | undefined);
  return Object.is(result, -0) ? 0 : result;
}

function onNumbers(name: string, a: number, b: number | undefined): number {
  if (b === undefined) {
    const nearest = a < 0 ? Math.ceil(a - 0.5) : Math.floor(a + 0.5);
    if (name === 'bnot') return Number(onBigints(name, integer(a), undefined));
    const one: Record<string, number> = { '+': a, '-': -a, abs: Math.abs(a), round: nearest };
    return one[name] ?? Math[name as 'trunc' | 'floor' | 'ceil'](a);
  }
  if (name === '/') check(b !== 0);
  const two: Record<string, number> = { '+': a + b, '-': a - b, '*': a * b, '/': a / b };
  if (name in two) return two[name];
  if (name === 'div' || name === 'rem') check(b !== 0);
  const result = Number(onBigints(name, integer(a), integer(b)));
  check(Number.isSafeInteger(result));
  return result;
}

function onBigints(name: string, a: bigint, b: bigint | undefined): bigint {
  if (b === undefined) {
    if (name === 'bnot') return -a - 1n;
    return name === '-' || (name === 'abs' && a < 0n) ? -a : a;
  }
  check(name !== '/' && !((name === 'div' || name === 'rem') && b === 0n));
  check(!(name === 'bsl' && b > 65_536n) && !(name === 'bsr' && b < -65_536n));
  const two: Record<string, () => bigint> = {
    '+': () => a + b,
    '-': () => a - b,
    '*': () => a * b,
    div: () => a / b,
    rem: () => a % b,
    band: () => a & b,
    bor: () => a | b,
    bxor: () => a ^ b,
    bsl: () => a << b,
    bsr: () => a >> b,
  };
  return two[name]();
}

function integer(x: number): bigint {
  check(Number.isInteger(x));
  return BigInt(x);
}

function check(it: boolean): asserts it {
  if (!it) throw new Failure();
}

function need(value: Any, kind: 'boolean'): boolean;
function need(value: Any, kind: 'string'): string;
function need(value: Any, kind: string): unknown {
  check(typeof value === kind);
  return value;
}

function same(a: Any, b: Any): boolean {
  if (a === EXIT || b === EXIT) return a === b;
  return sameValue(a as Value, b as Value);
}

function order(a: Any, b: Any): number {
  check(a !== EXIT && b !== EXIT);
  return compareValues(a as Value, b as Value);
}

const isArray = (x: unknown): x is readonly Value[] => Array.isArray(x);
const isPlain = (x: unknown): x is object =>
  typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype;
