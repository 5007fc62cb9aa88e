import {
  DEFAULT_VALUE_LIMITS,
  type Key,
  LONGEST_HASHED,
  MOST_KEY_PARTS,
  MOST_WEIGHT,
  normalKey,
  normalValue,
  Pid,
  PidInterner,
  type Value,
  ValueTooLargeError,
  WEIGHT,
  weightOfNames,
} from '../../term';
import { FEW_PIDS } from '../../term/weight';
import { Reader, WeightLimitError, Writer } from '.';

const pids = new PidInterner();
const limits = { ...DEFAULT_VALUE_LIMITS, maxKeyBytes: 2 ** 24, maxValueBytes: 2 ** 24 };

const times = (count: number, make: (at: number) => Value): Value[] =>
  Array.from({ length: count }, (_, at) => make(at));
/** What the object weighs in which the value is. */
const AROUND = WEIGHT.container + WEIGHT.element;
/** How many of what weighs so much fit into a list, beside what is counted once. */
const most = (weight: number, once = 0): number =>
  Math.floor((MOST_WEIGHT - AROUND - WEIGHT.container - once) / (weight + WEIGHT.element));
/** How many of what weighs so much fit into a Set. */
const mostInSet = (weight: number): number => Math.floor((MOST_WEIGHT - AROUND - WEIGHT.part) / weight);

/** How many of its parts a value may have, and such a value of any number of parts. */
const KINDS: readonly [string, number, (count: number) => Value][] = [
  ['empty Maps', most(WEIGHT.part), (count) => times(count, () => new Map())],
  ['empty Sets', most(WEIGHT.part), (count) => times(count, () => new Set())],
  ['Dates', most(WEIGHT.part), (count) => times(count, (at) => new Date(at))],
  ['typed arrays', most(WEIGHT.part), (count) => times(count, () => new Uint16Array(1))],
  ['Pids', most(WEIGHT.part, WEIGHT.home), (count) => times(count, (at) => new Pid('n', 'b'.repeat(16), at))],
  [
    'Pids of as many nodes',
    Math.floor(
      (MOST_WEIGHT - AROUND - WEIGHT.container + FEW_PIDS * WEIGHT.home) /
        (WEIGHT.part + WEIGHT.home + WEIGHT.element),
    ),
    (count) => times(count, (at) => new Pid('n', at.toString(16).padStart(16, '0'), at)),
  ],
  ['arrays of a number', most(WEIGHT.container + WEIGHT.element), (count) => times(count, (at) => [at])],
  ['objects of a kind', most(WEIGHT.container + 2 * WEIGHT.element, weightOfNames(2)), (count) => times(count, (at) => ({ a: at, b: at }))], // prettier-ignore
  ['numbers in a Set', mostInSet(WEIGHT.member), (count) => new Set(times(count, (at) => at))],
  [
    'bigints in a Set',
    mostInSet(WEIGHT.member + WEIGHT.bigintMember),
    (count) => new Set(times(count, (at) => BigInt(at))),
  ],
  [
    'arrays in a Set',
    mostInSet(WEIGHT.member + WEIGHT.objectMember + WEIGHT.container + WEIGHT.element),
    (count) => new Set(times(count, (at) => [at])),
  ],
  ['entries of a Map', mostInSet(WEIGHT.member), (count) => new Map(times(count, (at) => at).map((at) => [at, 0]))], // prettier-ignore
];

function written(value: Value): Uint8Array {
  const writer = new Writer();
  writer.value(value);
  return writer.finish();
}

const read = (bytes: Uint8Array): Value => new Reader(bytes, { pids, limits }).value();

describe('the weight of a value', () => {
  it.each(KINDS)(
    'lets a node send as many %s as another reads, and refuses one more, naming the place',
    (_kind, count, of) => {
      expect(read(written(normalValue({ list: of(count) }, limits, pids)))).toBeDefined();
      const heavy = (): Value => normalValue({ list: of(count + 1) }, limits, pids);
      expect(heavy).toThrow(ValueTooLargeError);
      expect(heavy).toThrow(
        /^The value would take its readers too long: up to value\.list.* Use numbers.* Nothing was stored\.$/s,
      );
    },
  );

  it.each(KINDS)(
    'ends the reading of more than half as many %s again before they are made',
    (_kind, count, of) => {
      const bytes = written(of(count * 2));
      const reader = new Reader(bytes, { pids, limits });
      expect(() => reader.value()).toThrow(WeightLimitError);
      expect(reader.position).toBeLessThan(bytes.length * 0.8);
    },
  );

  it('finds the homes of many pids without looking at all of them', () => {
    const pidsOf = (nodes: number): Pid[] =>
      Array.from(
        { length: 8000 },
        (_, at) => new Pid(`n${at % nodes}`, (at % nodes).toString(16).padStart(16, '0'), at),
      );
    const many = new Writer();
    many.value(pidsOf(4000));
    const back = new Reader(many.finish(), { pids, limits }).value();
    expect(back).toEqual(pidsOf(4000));
  });

  it('is that of new property names, however many objects have them', () => {
    const rows = times(40_000, (at) => ({ id: at, name: 'a', nested: { deep: 1 }, list: [at] }));
    expect(read(written(normalValue(rows, limits, pids)))).toBeDefined();
    const alternating = times(20_000, (at) => (at % 2 === 0 ? { a: 1, b: 2 } : { b: 1, a: 2 }));
    expect(normalValue(alternating, limits, pids)).toBeDefined();
    const dictionary = Object.fromEntries(Array.from({ length: 40_000 }, (_, at) => [`user-${at}`, at]));
    expect(read(written(normalValue(dictionary, limits, pids)))).toBeDefined();
    const different = times(20_000, (at) => ({ [`user-${at}`]: at }));
    expect(() => normalValue(different, limits, pids)).toThrow(ValueTooLargeError);
    expect(() => read(written(different))).toThrow(WeightLimitError);
  });

  it('is next to nothing for numbers, texts, and empty arrays and objects', () => {
    const reader = new Reader(written(times(50_000, (at) => [at, `${at}`, {}, null, 1n, []]).flat()), {
      pids,
      limits,
    });
    reader.value();
    expect(reader.weight).toBeLessThan(50_000);
    const million = times(1_000_000, () => 1);
    expect(read(written(normalValue(million, limits, pids)))).toBeDefined();
  });
});

describe('a key', () => {
  it('has at most 4,096 elements and properties, of whatever level', () => {
    const keyOf = (parts: number): Key => [Array.from({ length: parts - 3 }, () => 0), { a: 1 }];
    expect(normalKey(keyOf(MOST_KEY_PARTS), limits, pids)).toBeDefined();
    expect(() => normalKey(keyOf(MOST_KEY_PARTS + 1), limits, pids)).toThrow(
      'A key must have at most 4096 elements and properties, and key[1] has more. Use a string instead. Nothing was stored.',
    );
    const readKey = (key: Key): Key => new Reader(written(key), { pids, limits }).key();
    expect(readKey(keyOf(MOST_KEY_PARTS))).toBeDefined();
    expect(() => readKey(keyOf(MOST_KEY_PARTS + 1))).toThrow(/a key of more than 4096 parts/);
  });
});

it('a name of a property that V8 would hash by its length alone is neither stored nor read', () => {
  const [longest, longer] = [{ ['n'.repeat(LONGEST_HASHED)]: 1 }, { ['n'.repeat(LONGEST_HASHED + 1)]: 1 }];
  expect(read(written(longest))).toEqual(longest);
  expect(normalValue(longest, limits, pids)).toEqual(longest);
  expect(() => read(written(longer))).toThrow(WeightLimitError);
  expect(() => normalValue(longer, limits, pids)).toThrow(
    /^value has a property whose name has more than 16383 characters\. .* Nothing was stored\.$/,
  );
});
