import { type Key, Pid, type Value } from '../../../libs/pg-registry/src/term';
import { hashOf } from '../../../libs/pg-registry/src/term/hash/v8-hash';
import type { SeededRandom } from '../../support/seeded-random';

/** Numbers at which something changes: encodings, integers of V8, safe integers, floats. */
export const NUMBERS: readonly number[] = [
  0, 1, 2, 63, 64, 127, 128, 255, 256, 16_383, 16_384, 65_535, 65_536, 2 ** 30 - 1, 2 ** 30, 2 ** 31 - 1, 2 ** 31,
  2 ** 32 - 1, 2 ** 32, 2 ** 49, 2 ** 52 - 1, 2 ** 52, 2 ** 53 - 1,
]; // prettier-ignore

const FLOATS: readonly number[] = [
  -1,
  -(2 ** 53 - 1),
  0.5,
  -0.5,
  NaN,
  Infinity,
  -Infinity,
  2 ** 53,
  1e308,
  5e-324,
];

/** Texts that mean something to JavaScript, to the library, or to a log. */
export const TEXTS: readonly string[] = [
  '', 's', 'u', 'v', 'h', 'm', 'a', '0', '1', '-1', 'then', 'toString', 'constructor', 'toJSON', 'length', 'message', 'code', 'hasOwnProperty',
  'echo', 'wait', 'fail', 'request', 'event', 'values', 'credit', 'pattern', 'data', 'replyTo', 'id', 'ahead', 'upTo', 'stream', 'from',
  'noproc', 'noconnection', '_', '$_', '$$', 'ä', '日本語', '😀', 'a\nb', '\u001b[31m', '\u0000', '\u202e', '.', '*', '>', 'x'.repeat(64), 'x'.repeat(300), 'x'.repeat(3000),
]; // prettier-ignore

const MOST_LEVELS = 4;

/** Numbers that V8 puts into one chain of its hash tables. */
const COLLIDING: readonly number[] = collidingIntegers(512);

function collidingIntegers(count: number): number[] {
  const found: number[] = [];
  for (let at = 64; found.length < count; at += 1) if ((hashOf(at) & 0x1ff) === 0) found.push(at);
  return found;
}

/** Draws a number that is an edge of something, or near one. */
export function anyUint(random: SeededRandom): number {
  if (random.chance(0.2)) return random.below(300);
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, random.pick(NUMBERS) + random.below(3) - 1));
}

/** Draws how often something is repeated: mostly a few times, sometimes very often. */
export function anyCount(random: SeededRandom, most: number): number {
  return Math.max(1, Math.min(most, Math.floor(2 ** (random.next() * Math.log2(most + 1)))));
}

/** Draws a value of any kind, with parts that are chosen to cost or to confuse. */
export function anyValue(random: SeededRandom, level = 0): Value {
  const leaf = level >= MOST_LEVELS || random.chance(0.45);
  return leaf ? anyLeaf(random) : anyContainer(random, level);
}

function anyLeaf(random: SeededRandom): Value {
  return random.weighted<() => Value>([
    [4, () => anyUint(random)],
    [1, () => random.pick(FLOATS)],
    [4, () => random.pick(TEXTS)],
    [1, () => random.pick([null, undefined, true, false])],
    [1, () => BigInt(anyUint(random)) << BigInt(random.below(80))],
    [1, () => -BigInt(anyUint(random))],
    [1, () => new Date(random.below(2 ** 31))],
    [1, () => anyPid(random)],
    [1, () => new Uint8Array(random.below(20))],
    [
      1,
      () => random.pick([new Float64Array(2), new BigInt64Array(1), new Uint16Array(3), new ArrayBuffer(4)]),
    ],
  ])();
}

function anyPid(random: SeededRandom): Pid {
  const incarnation = random.chance(0.5)
    ? 'b'.repeat(16)
    : random
        .below(2 ** 32)
        .toString(16)
        .padStart(16, '0');
  return new Pid(random.pick(['v', 'h', 'm', 'there']), incarnation, anyUint(random));
}

function anyContainer(random: SeededRandom, level: number): Value {
  const many = (make: (at: number) => Value): Value[] =>
    Array.from({ length: random.below(5) }, (_, at) => make(at));
  const part = (): Value => anyValue(random, level + 1);
  return random.weighted<() => Value>([
    [4, () => many(part)],
    [4, () => Object.fromEntries(many(part).map((value) => [anyName(random), value]))],
    [2, () => new Set(many(part))],
    [2, () => new Map(many(part).map((value) => [part(), value]))],
    [1, () => crowd(random)],
    [1, () => nested(random, part())],
  ])();
}

function anyName(random: SeededRandom): string {
  const name = random.pick(TEXTS);
  return name === '__proto__' ? 'proto' : name;
}

/** Many members of which V8, or an index, can tell only few apart at a glance. */
function crowd(random: SeededRandom): Value {
  const length = anyCount(random, 512);
  const make = random.pick<(at: number) => Value>([
    (at) => COLLIDING[at],
    (at) => BigInt(at + 1) << 64n,
    (at) => at,
    (at) => `${at * 32_768}`,
    (at) => [at],
    (at) => [COLLIDING[at]],
    (at) => new Set([at, [at]]),
    (at) => ({ [`name ${at}`]: 0 }),
    (at) => new Pid('there', 'b'.repeat(16), COLLIDING[at]),
  ]);
  const members = Array.from({ length }, (_, at) => make(at));
  return random.pick<() => Value>([
    () => members,
    () => new Set(members),
    () => new Map(members.map((member) => [member, member])),
    () => Object.fromEntries(members.map((member, at) => [`n${at}`, member])),
    () => setTree(members),
  ])();
}

/** A binary tree of Sets. */
function setTree(members: readonly Value[]): Value {
  if (members.length <= 2) return new Set(members);
  const half = members.length >> 1;
  return new Set([setTree(members.slice(0, half)), setTree(members.slice(half))]);
}

function nested(random: SeededRandom, inner: Value): Value {
  let value = inner;
  const wrap = anyWrapper(random);
  for (let levels = anyCount(random, 300); levels > 0; levels -= 1) value = wrap(value);
  return value;
}

function anyWrapper(random: SeededRandom): (inner: Value) => Value {
  return random.pick<(inner: Value) => Value>([
    (inner) => [inner],
    (inner) => ({ a: inner }),
    (inner) => new Set<Value>([inner, 0]),
    (inner) => new Set<Value>([[inner], [0]]),
    (inner) => new Map<Value, Value>([[inner, 0]]),
    (inner) => new Map<Value, Value>([[0, inner]]),
  ]);
}

/** Changes a value in one place: another part there, more of the same, deeper, or the same members in another container. */
export function mutateValue(value: Value, random: SeededRandom): Value {
  const parts = partsOf(value);
  if (parts.length > 0 && random.chance(0.6)) {
    const at = random.below(parts.length);
    return withParts(value, parts.with(at, mutateValue(parts[at], random)));
  }
  return random.weighted<() => Value>([
    [3, () => anyValue(random)],
    [2, () => repeated(value, parts, random)],
    [
      1,
      () =>
        withParts(
          value,
          parts.filter(() => random.chance(0.7)),
        ),
    ],
    [1, () => nested(random, value)],
    [
      1,
      () =>
        random.pick<(all: readonly Value[]) => Value>([
          (all) => all,
          (all) => new Set(all),
          (all) => new Map(all.map((one, at) => [one, at])),
        ])(parts),
    ],
    [1, () => withParts(value, [...parts, anyValue(random, 2)])],
  ])();
}

function repeated(value: Value, parts: readonly Value[], random: SeededRandom): Value {
  if (typeof value === 'string') return value.repeat(anyCount(random, 8)).slice(0, 2000);
  if (parts.length === 0) return [value, value];
  const part = random.pick(parts);
  const more = Array.from({ length: anyCount(random, 64) }, (_, at) =>
    random.chance(0.5) ? part : [part, at],
  );
  return withParts(value, [...parts, ...more]);
}

function partsOf(value: Value): readonly Value[] {
  if (Array.isArray(value)) return value as readonly Value[];
  if (value instanceof Map) return [...(value as Map<Value, Value>)].flat();
  if (value instanceof Set) return [...(value as Set<Value>)];
  if (isPlain(value)) return Object.values(value);
  return [];
}

function isPlain(value: Value): value is { readonly [name: string]: Value } {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** The same container with these parts. A Map takes them in pairs. */
function withParts(value: Value, parts: readonly Value[]): Value {
  if (value instanceof Map) {
    const pairs = Array.from(
      { length: parts.length >> 1 },
      (_, at) => [parts[2 * at], parts[2 * at + 1]] as const,
    );
    return new Map(pairs);
  }
  if (value instanceof Set) return new Set(parts);
  if (isPlain(value)) {
    const names = Object.keys(value);
    return Object.fromEntries(parts.map((part, at) => [names[at] ?? `n${at}`, part]));
  }
  return Array.isArray(value) ? parts : value;
}

/** Whether a value can be a key. */
export function isKey(value: Value): value is Key {
  if (value === undefined || value instanceof Map || value instanceof Set || value instanceof Date)
    return false;
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return false;
  return partsOf(value).every(isKey);
}
