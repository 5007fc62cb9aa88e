import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Table } from '../table';
import {
  DEFAULT_VALUE_LIMITS,
  heapBytesOf,
  type Key,
  LARGE_VALUE_BYTES,
  noteHeapBytes,
  PidInterner,
  rememberHeapBytes,
  type Value,
} from '../term';
import { HeapLimitError, Reader, Writer } from '../wire';

const THERE = 'b'.repeat(16);
const COUNT = 1000;
/** By how much what V8 takes may exceed the estimate: it rounds, and tables grow in steps. */
const TOLERANCE = 1.25;
/** Beside other work V8 compiles later, and four tries were too few. */
const TRIES = 12;

setFlagsFromString('--expose-gc');
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the flag puts it there
const collectGarbage = runInNewContext('gc') as () => void;

function bytesOf(value: Value): Uint8Array {
  const writer = new Writer();
  writer.value(value);
  return writer.finish();
}

/**
 * What the heap holds more after `make`, for each of {@link COUNT} things, which must be returned.
 * The least of some tries, after one that is not counted: V8 compiles meanwhile, and what it keeps of that has nothing to do with the things.
 */
function heapBytesEach(make: () => unknown): number {
  make();
  const tries = list(TRIES, () => {
    collectGarbage();
    const before = getHeapStatistics().used_heap_size;
    const kept = make();
    collectGarbage();
    const bytes = getHeapStatistics().used_heap_size - before;
    return kept === undefined ? NaN : bytes / COUNT;
  });
  return Math.min(...tries);
}

const list = <T>(length: number, make: (at: number) => T): T[] => Array.from({ length }, (_, at) => make(at));
const own = (at: number, count: number): Value => Object.fromEntries(list(count, (i) => [`p${at}_${i}`, 0]));

describe('the estimated size of what a peer sends', () => {
  it.each<[string, (at: number) => Value]>([
    ['texts of one byte a unit', (at) => 'x'.repeat(100) + at],
    ['texts of two bytes a unit', (at) => `${'x'.repeat(100)}\u4e00${at}`],
    ['arrays of one element', (at) => [at]],
    ['empty arrays in arrays', () => [[[[[]]], [], []]]],
    ['objects with names of their own', (at) => own(at, 1)],
    ['objects with many names of their own', (at) => own(at, 20)],
    ['Maps', () => new Map(list(9, (i) => [i, 1]))],
  ])('is no less than what V8 takes for %s', (_what, make) => {
    const frames = list(COUNT, (at) => bytesOf(make(at)));
    const pids = new PidInterner();
    const read = (): readonly Value[] =>
      frames.map((bytes) => new Reader(bytes, { pids, limits: DEFAULT_VALUE_LIMITS }).value());
    const taken = heapBytesEach(read);
    const values = read();
    const estimated = values.reduce<number>((sum, value) => sum + heapBytesOf(value), 0) / COUNT;
    expect(taken).toBeLessThan(estimated * TOLERANCE);
  });

  it.each<[string, (at: number) => { key: Key; number: number; id: number }]>([
    ['entries with keys of their own', (at) => ({ key: `k${at}`, number: at + 1, id: 1 })],
    ['entries with processes of their own', (at) => ({ key: 'k', number: at + 1, id: at })],
    ['entries with numbers far apart', (at) => ({ key: at, number: at * 2 ** 36 + 1, id: at * 2 ** 38 })],
    ['entries with keys of ten elements', (at) => ({ key: list(10, () => at), number: at + 1, id: 1 })],
    ['entries with keys that are objects', (at) => ({ key: { [`n${at}`]: at }, number: at + 1, id: 1 })],
  ])('is no less than what V8 takes for %s, and 0 when they have left', (_what, make) => {
    const build = (): readonly [Table, PidInterner] => {
      const table = new Table({ node: 'here', incarnation: 'a'.repeat(16), keys: 'duplicate' });
      const pids = new PidInterner();
      for (let at = 0; at < COUNT; at += 1) {
        const { key, number, id } = make(at);
        const entries = [{ number, pid: pids.intern('there', THERE, id), value: null }];
        table.remote(THERE).apply({ number: at + 1, groups: [{ kind: 'join', key, entries }] }, Infinity);
      }
      return [table, pids];
    };
    const taken = heapBytesEach(build);
    const [table] = build();
    expect(taken).toBeLessThan((table.remote(THERE).size.heapBytes / COUNT) * TOLERANCE);
    table.remote(THERE).removeNewest();
    expect(table.remote(THERE).size.heapBytes).toBe(0);
  });

  it('follows updates of a value', () => {
    const table = new Table({ node: 'here', incarnation: 'a'.repeat(16), keys: 'duplicate' });
    const pid = new PidInterner().intern('there', THERE, 1);
    const entry = { number: 1, pid, value: 'x'.repeat(1000) };
    table
      .remote(THERE)
      .apply({ number: 1, groups: [{ kind: 'join', key: 'k', entries: [entry] }] }, Infinity);
    const large = table.remote(THERE).size.heapBytes;
    const update = { kind: 'update' as const, entries: [{ number: 1, value: 'x' }] };
    table.remote(THERE).apply({ number: 2, groups: [update] }, Infinity);
    expect(large - table.remote(THERE).size.heapBytes).toBeGreaterThan(900);
  });

  it.each<[string, Value]>([
    ['arrays', list(5000, (at) => [at])],
    ['empty arrays and objects', list(5000, (at) => (at % 2 === 0 ? [] : {}))],
    ['objects of one kind', list(5000, (at) => ({ a: at, b: at }))],
    ['long texts', list(60, (at) => 'x'.repeat(1000) + at)],
  ])(
    'is what the reader of a large value of %s counted, so nobody looks through it again',
    (_what, value) => {
      const reader = new Reader(bytesOf(value), { pids: new PidInterner(), limits: DEFAULT_VALUE_LIMITS });
      const before = reader.heapLeft;
      const read = reader.value();
      expect(before - reader.heapLeft).toBeGreaterThan(50_000);
      expect(heapBytesOf(read)).toBe(before - reader.heapLeft);
      expect(heapBytesOf(read)).toBeLessThan(heapBytesOf(value) * 1.01); // and the names, once
    },
  );

  it('is remembered of a large value, so its parts are not looked at when its entry comes, changes or leaves', () => {
    let looks = 0;
    const value = new Proxy(
      list(2000, (at) => at),
      {
        get: (target, name) => {
          looks += 1;
          const part: unknown = Reflect.get(target, name);
          return part;
        },
      },
    );
    const table = new Table({ node: 'here', incarnation: 'a'.repeat(16), keys: 'duplicate' });
    const pid = new PidInterner().intern('there', THERE, 1);
    const theirs = table.remote(THERE);
    noteHeapBytes(value, LARGE_VALUE_BYTES);
    const entries = [1, 2].map((number) => ({ number, pid, value }));
    theirs.apply({ number: 1, groups: [{ kind: 'join', key: 'k', entries }] }, Infinity);
    theirs.apply({ number: 2, groups: [{ kind: 'update', entries: [{ number: 1, value: 0 }] }] }, Infinity);
    theirs.apply({ number: 3, groups: [{ kind: 'leave', numbers: [2] }] }, Infinity);
    expect(looks).toBe(0);
  });

  it('is found once for a key and a value that many entries share, however many parts they have', () => {
    let looks = 0;
    const counted = <T extends object>(target: T): T =>
      new Proxy(target, {
        get: (of, name) => {
          looks += 1;
          const part: unknown = Reflect.get(of, name);
          return part;
        },
      });
    const key = counted(list(1000, (at) => at));
    const table = new Table({ node: 'here', incarnation: 'a'.repeat(16), keys: 'duplicate' });
    const pids = new PidInterner();
    const value = counted(list(1000, (at) => at));
    rememberHeapBytes(value);
    const entries = list(COUNT, (at) => ({
      number: at + 1,
      pid: pids.intern('there', THERE, at + 1),
      value,
    }));
    const theirs = table.remote(THERE);
    theirs.apply({ number: 1, groups: [{ kind: 'join', key, entries }] }, Infinity);
    theirs.apply({ number: 2, groups: [{ kind: 'leave', numbers: list(COUNT, (at) => at + 1) }] }, Infinity);
    expect(table.count).toBe(0);
    expect(looks).toBeLessThan(50 * COUNT);
  });

  it('is found for a bigint without its digits, which take long to write', () => {
    const digits = jest.spyOn(BigInt.prototype, 'toString');
    for (const bytes of [1, 8, 9, 100, 1000, 65_536]) {
      for (const bigint of [
        1n << BigInt(8 * bytes - 1),
        -(1n << BigInt(8 * bytes - 1)),
        (1n << BigInt(8 * bytes)) - 1n,
      ]) {
        const estimate = heapBytesOf(bigint);
        expect(estimate).toBeGreaterThanOrEqual(bytes);
        expect(estimate).toBeLessThanOrEqual(2 * bytes + 48);
      }
    }
    expect(digits).not.toHaveBeenCalled();
    digits.mockRestore();
  });

  it('ends the decoding of what takes more than it may, before it is made', () => {
    const bytes = bytesOf(list(10_000, () => []));
    const read = (maxHeapBytes: number) => (): unknown =>
      new Reader(bytes, { pids: new PidInterner(), limits: DEFAULT_VALUE_LIMITS, maxHeapBytes }).value();
    expect(read(100_000)).toThrow(HeapLimitError);
    expect(read(1_000_000)).not.toThrow();
  });
});
