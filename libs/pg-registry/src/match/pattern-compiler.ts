import { Pid, sameValue, type Value } from '../term';
import { isRecord, MAX_DEPTH } from './evaluation';
import { isComparedByIdentity, normalLiteral, refuseSymbolNames } from './literal';
import { invalidQuery } from './query-error';
import type { LiteralProperty } from './sieve';
import { MatchSymbol, Rest, Variable, Wildcard } from './language';
import type { Binding, Variables } from './variables';

/** A compiled pattern; binds its variables on the way, and may leave some bound when it answers `false`. */
export type Test = (value: Value) => boolean;

/** The test of `_`, told by identity so that who composes tests can leave it out. */
export const anything: Test = () => true;

/**
 * Compiles a pattern.
 *
 * @param variables Those of the head so far; new ones are added.
 * @param where The place of the pattern, for messages.
 * @throws InvalidArgumentError for what is no pattern, with the place inside of it.
 */
export function compilePattern(pattern: unknown, variables: Variables, where: string, depth = 0): Test {
  if (depth > MAX_DEPTH) throw invalidQuery(where, ` must not be nested deeper than ${MAX_DEPTH} levels`);
  if (pattern instanceof MatchSymbol) return compileSymbol(pattern, variables, where);
  if (Array.isArray(pattern)) return compileArray(pattern, variables, where, depth);
  if (isRecord(pattern)) return compileRecord(pattern, variables, where, depth);
  const literal = normalLiteral(pattern, where);
  return isComparedByIdentity(literal) ? (value) => value === literal : (value) => sameValue(value, literal);
}

/** Whether a pattern is one certain value: no symbol in it, and no plain object, for that matches larger ones too. */
export function isLiteralPattern(pattern: unknown): boolean {
  if (Array.isArray(pattern)) return pattern.every(isLiteralPattern);
  return !(pattern instanceof MatchSymbol) && !isRecord(pattern);
}

function compileSymbol(symbol: MatchSymbol, variables: Variables, where: string): Test {
  if (symbol instanceof Wildcard) return anything;
  if (symbol instanceof Variable) return compileVariable(symbol, variables);
  const reason =
    symbol instanceof Rest
      ? 'is allowed only as last element of an array'
      : 'is allowed only in guards and bodies';
  throw invalidQuery(where, `: ${symbol.toString()} ${reason}`);
}

function compileVariable({ number }: Variable, variables: Variables): Test {
  const { slots } = variables;
  const bound = variables.find(number);
  if (bound === undefined) return bindSlot(variables, variables.bind(number));
  bound.isCompared = true;
  const { slot } = bound;
  return (value) => sameValue(slots[slot], value);
}

/** The test that binds a variable. */
export function bindSlot({ slots }: Variables, { slot }: Binding): Test {
  return (value) => {
    slots[slot] = value;
    return true;
  };
}

function compileArray(
  elements: readonly unknown[],
  variables: Variables,
  where: string,
  depth: number,
): Test {
  refuseSymbolNames(elements, where);
  if (Object.keys(elements).length !== elements.length)
    throw invalidQuery(where, ' must be an array without holes and without properties beside its elements');
  const last: unknown = elements.at(-1);
  const fixed = last instanceof Rest ? elements.slice(0, -1) : elements;
  const tests = fixed.map((element, i) => compilePattern(element, variables, `${where}[${i}]`, depth + 1));
  const { length } = tests;
  if (!(last instanceof Rest)) {
    return (value) => isArray(value) && value.length === length && allMatch(tests, value);
  }
  const tail = compilePattern(last.pattern, variables, `${where}[${length}], rest`, depth + 1);
  if (tail === anything) return (value) => isArray(value) && value.length >= length && allMatch(tests, value);
  return (value) =>
    isArray(value) && value.length >= length && allMatch(tests, value) && tail(value.slice(length));
}

function allMatch(tests: readonly Test[], elements: readonly Value[]): boolean {
  for (let i = 0; i < tests.length; i += 1) if (!tests[i](elements[i])) return false;
  return true;
}

function isArray(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function compileRecord(
  record: { readonly [name: string]: unknown },
  variables: Variables,
  where: string,
  depth: number,
): Test {
  refuseSymbolNames(record, where);
  const names = Object.keys(record);
  const properties = names.map((name) =>
    compileProperty(name, record[name], variables, `${where}.${name}`, depth),
  );
  if (properties.length === 0) return isRecord;
  if (properties.length === 1) return properties[0];
  return (value) => {
    for (const hasProperty of properties) if (!hasProperty(value)) return false;
    return true;
  };
}

/** The test of a whole object for one of its properties. */
function compileProperty(
  name: string,
  pattern: unknown,
  variables: Variables,
  where: string,
  depth: number,
): Test {
  if (name === '__proto__') throw invalidQuery(where, ': no value can have a property of this name');
  if (isOnlyCompared([name, pattern])) {
    return (value) => isObject(value) && value[name] === pattern;
  }
  const test = compilePattern(pattern, variables, where, depth + 1);
  if (isAmbiguous(name)) {
    return (value) => isRecord(value) && Object.hasOwn(value, name) && test(value[name]);
  }
  return (value) => {
    if (!isObject(value)) return false;
    const property = value[name];
    return (property !== undefined || Object.hasOwn(value, name)) && test(property);
  };
}

/**
 * The properties with primitive literals that a pattern asks for, as far as {@link compileProperty} only compares them.
 * Every value that matches has them.
 */
export function literalProperties(pattern: unknown): readonly LiteralProperty[] {
  if (pattern instanceof MatchSymbol || !isRecord(pattern)) return [];
  const properties: readonly (readonly [string, unknown])[] = Object.entries(pattern);
  return properties.filter(isOnlyCompared);
}

function isOnlyCompared(property: readonly [string, unknown]): property is LiteralProperty {
  const [name, literal] = property;
  return isComparedByIdentity(literal) && literal !== undefined && !isAmbiguous(name);
}

/** Whatever has properties, not only plain objects. */
function isObject(value: Value): value is { readonly [name: string]: Value } {
  return typeof value === 'object' && value !== null;
}

/**
 * Whether a value that is no plain object may answer to this name of a property, with one of its own or an inherited
 * one. Any other name is an own property of a plain object, so the test need not check that: it
 * takes half the time.
 */
function isAmbiguous(name: string): boolean {
  return OTHER_NAMES.has(name) || /^[0-9]/.test(name);
}

/** One of each kind of object that can be stored, but for plain ones. */
const OTHER_KINDS: readonly object[] = [
  new Pid('-', '0'.repeat(16), 0),
  [],
  new Map(),
  new Set(),
  new Date(0),
  new Uint8Array(),
  new ArrayBuffer(0),
];

const OTHER_NAMES: ReadonlySet<string> = new Set(OTHER_KINDS.flatMap(namesOf));

/** The names of all properties of an object, inherited ones too. */
function namesOf(object: object | null): readonly string[] {
  if (object === null) return [];
  return [...Object.getOwnPropertyNames(object), ...namesOf(Object.getPrototypeOf(object))];
}
