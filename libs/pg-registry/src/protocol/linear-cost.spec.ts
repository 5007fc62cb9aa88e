import { SeededRandom } from '../../../../test/support/seeded-random';
import { Table } from '../table';
import {
  compareValues,
  DEFAULT_VALUE_LIMITS,
  type Key,
  KeyMap,
  normalValue,
  Pid,
  PidInterner,
  PgRegistryError,
  sameValue,
  type Value,
} from '../term';
import { hashOf } from '../term/hash/v8-hash';
import { DecodeError, Reader, Writer } from '../wire';
import { OperationCounter } from './operations.fixture';

const THERE = 'b'.repeat(16);
const limits = DEFAULT_VALUE_LIMITS;

/** Numbers that V8 puts into one chain of its hash table. */
const COLLIDING: readonly number[] = collidingIntegers(2048, 1);
/** Numbers of entries whose pages begin with numbers that V8 puts into one chain. */
const COLLIDING_PAGES: readonly number[] = collidingIntegers(2048, 32);

function collidingIntegers(count: number, step: number): number[] {
  const found: number[] = [];
  for (let at = 64; found.length < count; at += step) if ((hashOf(at) & 0xfff) === 0) found.push(at);
  return found;
}

const sameLowBits = (at: number): bigint => BigInt(at + 1) << 64n;

/** Makes the `at`th of many different values. */
type Leaf = (at: number) => Value;

const LEAVES: readonly Leaf[] = [
  (at) => at,
  (at) => COLLIDING[at % COLLIDING.length],
  sameLowBits,
  (at) => at + 0.5,
  (at) => `${at * 32_768}`,
  (at) => [at],
  (at) => new Pid('there', THERE, COLLIDING[at % COLLIDING.length]),
  (at) => new Date(at),
  (at) => ({ [`name ${at}`]: 0 }),
  (at) => new Set([at, [at]]),
];

/** What a value may be wrapped in. */
const WRAPPERS: readonly ((inner: Value, at: number) => Value)[] = [
  (inner) => [inner],
  (inner) => ({ inner }),
  (inner, at) => new Set<Value>([inner, at]),
  (inner, at) => new Set<Value>([[inner], [at]]),
  (inner, at) => new Map<Value, Value>([[inner, at], [at, 0]]), // prettier-ignore
  (inner, at) => new Map<Value, Value>([[at, inner], [[at], 0]]), // prettier-ignore
];

/** What the leaves stand in. */
const CONTAINERS: readonly ((leaves: readonly Value[]) => Value)[] = [
  (leaves) => leaves,
  (leaves) => new Set(leaves),
  (leaves) => new Map(leaves.map((leaf) => [leaf, leaf])),
  (leaves) => new Set(leaves.map((leaf) => [leaf])),
  (leaves) => Object.fromEntries(leaves.map((leaf, at) => [`n${at}`, leaf])),
  setTree,
];

/** A binary tree of Sets. */
function setTree(leaves: readonly Value[]): Value {
  if (leaves.length <= 2) return new Set(leaves);
  const half = leaves.length >> 1;
  return new Set([setTree(leaves.slice(0, half)), setTree(leaves.slice(half))]);
}

/** A tree of Sets of two members that differ in their last part only. */
function twins(leaves: number): Value {
  if (leaves <= 1) return 0;
  const half = leaves >> 1;
  return new Set<Value>([[twins(half), 1], [twins(half), 0]]); // prettier-ignore
}

/** A family of values that differ in their size only: leaf, container, then the wrappers from the inside to the outside. */
interface Family {
  readonly leaf: number;
  readonly container: number;
  readonly wrappers: readonly number[];
}

function valueOf({ leaf, container, wrappers }: Family, leaves: number): Value {
  const inside = CONTAINERS[container](Array.from({ length: leaves }, (_, at) => LEAVES[leaf](at)));
  return wrappers.reduce<Value>((inner, wrapper, at) => WRAPPERS[wrapper](inner, at), inside);
}

function encode(value: Value): Uint8Array {
  const writer = new Writer();
  writer.value(value);
  return writer.finish();
}

/** Reads, freezes, compares and orders a value. A value that is refused costs what it took to find out. */
function useValue(bytes: Uint8Array, local: Value): void {
  try {
    const decoded = new Reader(bytes, { limits, pids: new PidInterner() }).value();
    const copy = normalValue(decoded, limits, new PidInterner());
    sameValue(decoded, copy);
    compareValues(decoded, copy);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  try {
    normalValue(local, limits, new PidInterner());
  } catch (error) {
    if (!(error instanceof PgRegistryError)) throw error;
  }
}

/** Operations for each byte. */
function costOf(family: Family, leaves: number): number {
  const value = valueOf(family, leaves);
  const bytes = encode(value);
  return counter.count(() => useValue(bytes, value)) / bytes.length;
}

/** Stores an entry of a peer under each key, asks for it, and removes it again. */
function storeKeys(
  keys: readonly Key[],
  {
    pidOf = plain,
    numberOf = plain,
  }: { pidOf?: (at: number) => number; numberOf?: (at: number) => number } = {},
): () => void {
  const groups = keys.map((key, at) => ({
    kind: 'join' as const,
    key,
    entries: [{ number: numberOf(at), pid: new Pid('there', THERE, pidOf(at)), value: null }],
  }));
  return () => {
    const table = new Table({ node: 'here', incarnation: 'a'.repeat(16), keys: 'duplicate' });
    table.remote(THERE).apply({ number: 1, groups }, Number.MAX_SAFE_INTEGER);
    for (const key of keys) table.lookup(key);
    const map = new KeyMap<number>();
    for (const key of keys) map.set(key, 1);
    table.remote(THERE).removeNewest();
  };
}

/** Joins under one key by one process, an operation each. */
function join(numbers: readonly number[]): () => void {
  return () => {
    const table = new Table({ node: 'here', incarnation: 'a'.repeat(16), keys: 'duplicate' });
    numbers.forEach((number, at) => {
      const entries = [{ number, pid: new Pid('there', THERE, 1), value: null }];
      const groups = [{ kind: 'join' as const, key: 'k', entries }];
      table.remote(THERE).apply({ number: at + 1, groups }, Number.MAX_SAFE_INTEGER);
    });
  };
}

/** Merges one chunk of `count` rows in front of as many that are there already, taking turns among processes and keys. */
function fillHoles(count: number, { processes, keys }: { processes: number; keys: number }): () => void {
  const rows = list(count * 2, (at) => ({
    number: at + 1,
    key: `k${at % keys}`,
    pid: new Pid('there', THERE, at % processes),
    value: null,
    revision: 1,
  }));
  return () => {
    const table = new Table({ node: 'here', incarnation: 'a'.repeat(16), keys: 'duplicate' });
    const chunk = (from: number, to: number) => ({ from, to, at: 1, rows: rows.slice(from, to) });
    table.remote(THERE).merge(chunk(count, count * 2));
    table.remote(THERE).merge(chunk(0, count));
  };
}

const plain = (at: number): number => at;
const colliding = (at: number): number => COLLIDING[at];

let counter: OperationCounter;
beforeAll(() => (counter = new OperationCounter()));
afterAll(() => counter.stop());

describe('The cost of what a peer chooses', () => {
  it.each<[string, (count: number) => () => void]>([
    ['keys that are bigints with the same lowest 64 bits', (count) => storeKeys(list(count, sameLowBits))],
    ['keys that are integers of one hash', (count) => storeKeys(list(count, colliding))],
    [
      'processes whose numbers have one hash',
      (count) => storeKeys(list(count, String), { pidOf: colliding }),
    ],
    [
      'entries whose pages have one hash',
      (count) => storeKeys(list(count, String), { numberOf: (at) => COLLIDING_PAGES[at] }),
    ],
    ['a Set of bigints with the same lowest 64 bits', (count) => read(new Set(list(count, sameLowBits)))],
    ['a Set of integers of one hash', (count) => read(new Set(list(count, colliding)))],
    ['a Map of integers of one hash', (count) => read(new Map(list(count, (at) => [colliding(at), at])))],
    ['pids of one hash', (count) => read(list(count, (at) => new Pid('there', THERE, colliding(at))))],
    ['a tree of Sets that is compared', (count) => compareTrees(count)],
    ['joins under one key whose numbers fall', (count) => join(list(count, (at) => count - at))],
    [
      'rows of one process that fill holes under one key',
      (count) => fillHoles(count, { processes: 1, keys: 1 }),
    ],
    [
      'rows of many processes that fill holes under one key',
      (count) => fillHoles(count, { processes: count, keys: 1 }),
    ],
    [
      'rows of one process that fill holes under two keys in turn',
      (count) => fillHoles(count, { processes: 1, keys: 2 }),
    ],
  ])('grows with the number of things and not with its square: %s', (_, prepare) => {
    const [few, many] = [256, 1024].map((count) => counter.count(prepare(count)) / count);
    expect(many / few).toBeLessThan(2.5);
  });

  it.each(WRAPPERS.map((_, at) => at))('does not grow with the levels of nesting: wrapper %i', (wrapper) => {
    const nested = (levels: number): Family => ({
      leaf: 0,
      container: 0,
      wrappers: list(levels, () => wrapper),
    });
    expect(costOf(nested(28), 1000) / costOf(nested(2), 1000)).toBeLessThan(1.6);
  });

  it('is bounded for each byte of the worst value that a search finds, and does not grow with its size', () => {
    const random = new SeededRandom(20).next;
    let worst: Family = { leaf: 0, container: 0, wrappers: [] };
    let most = 0;
    for (let step = 0; step < 45; step += 1) {
      const family = step % 3 === 0 ? anyFamily(random) : neighbourOf(worst, random);
      const cost = costOf(family, 60);
      if (cost > most) [worst, most] = [family, cost];
    }
    expect(most).toBeLessThan(MOST_OPERATIONS_PER_BYTE);
    expect(costOf(worst, 480)).toBeLessThan(most * 2);
  });
});

/** Reading, freezing twice, comparing and ordering, as V8 counts blocks. The search finds about half of this. */
const MOST_OPERATIONS_PER_BYTE = 400;

function list<T>(length: number, make: (at: number) => T): T[] {
  return Array.from({ length }, (_, at) => make(at));
}

function read(value: Value): () => void {
  const bytes = encode(value);
  return () => useValue(bytes, null);
}

function compareTrees(leaves: number): () => void {
  const [a, b] = [twins(leaves), twins(leaves)];
  return () => void compareValues(a, b);
}

function anyOf(random: () => number, count: number): number {
  return Math.floor(random() * count);
}

function anyFamily(random: () => number): Family {
  return {
    leaf: anyOf(random, LEAVES.length),
    container: anyOf(random, CONTAINERS.length),
    wrappers: list(anyOf(random, 20), () => anyOf(random, WRAPPERS.length)),
  };
}

function neighbourOf(family: Family, random: () => number): Family {
  const other = anyFamily(random);
  switch (anyOf(random, 4)) {
    case 0:
      return { ...family, leaf: other.leaf };
    case 1:
      return { ...family, container: other.container };
    case 2:
      return { ...family, wrappers: [...family.wrappers, ...other.wrappers].slice(0, 20) };
    default:
      return { ...family, wrappers: family.wrappers.map((wrapper, at) => other.wrappers[at] ?? wrapper) };
  }
}
