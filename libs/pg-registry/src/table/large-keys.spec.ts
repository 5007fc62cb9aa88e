import { FIXED_SEED, type Key, Pid, type Value } from '../term';
import { type RemoteGroup, Table } from '.';
import { KeyTrie } from './key-trie';
import { ShardedMap } from './sharded-map';

const HERE = 'a'.repeat(16);
const THERE = 'b'.repeat(16);
const PARTS = 2000;
const COUNT = 500;
const pid = new Pid('there', THERE, 1);

function list<T>(length: number, of: (at: number) => T): T[] {
  return Array.from({ length }, (_, at) => of(at));
}

/** A key that counts each look at one of its parts. */
function countedKey(looks: { count: number }, first: number): Key {
  return new Proxy(
    list(PARTS, (at) => (at === 0 ? first : at)),
    {
      get: (of, name) => {
        looks.count += 1;
        const part: unknown = Reflect.get(of, name);
        return part;
      },
    },
  );
}

describe('Entries of a peer with large keys', () => {
  const looks = { count: 0 };
  let table: Table;
  let revision: number;
  beforeEach(() => {
    table = new Table({ node: 'here', incarnation: HERE, keys: 'duplicate' });
    revision = 0;
  });
  const apply = (group: RemoteGroup) =>
    table.remote(THERE).apply({ number: (revision += 1), groups: [group] }, Infinity);
  const join = (key: Key, ...numbers: readonly number[]) =>
    apply({ kind: 'join', key, entries: numbers.map((number) => ({ number, pid, value: null })) });
  const numbersFrom = (first: number) => list(COUNT, (at) => first + at);
  const inTurn = (a: readonly number[], b: readonly number[]) => a.flatMap((number, at) => [number, b[at]]);

  it('are updated without a look at the key, however often one operation does it', () => {
    join(countedKey(looks, 1), 1);
    looks.count = 0;
    const entries = list<{ number: number; value: Value }>(COUNT, (value) => ({ number: 1, value }));
    const [{ rows }] = apply({ kind: 'update', entries });
    expect(rows).toHaveLength(COUNT);
    expect(table.rowByNumber(THERE, 1)?.value).toBe(COUNT - 1);
    expect(looks.count).toBeLessThan(PARTS);
  });

  it('are so, too, if the parts are spread over small arrays within arrays', () => {
    const parts = list(14, () => list(16, () => list(16, (at) => at)));
    const key = new Proxy(parts, {
      get: (of, name) => {
        looks.count += 1;
        const part: unknown = Reflect.get(of, name);
        return part;
      },
    });
    join(key, 1);
    looks.count = 0;
    apply({ kind: 'update', entries: list(COUNT, (value) => ({ number: 1, value })) });
    expect(looks.count).toBeLessThan(COUNT);
  });

  it('are compared with a key that many rows of a chunk share once for each key', () => {
    join(countedKey(looks, 1), ...numbersFrom(1));
    const theirs = countedKey(looks, 1);
    looks.count = 0;
    const rows = numbersFrom(1).map((number) => ({ number, key: theirs, pid, value: null, revision: 1 }));
    expect(table.remote(THERE).merge({ from: 0, to: Infinity, at: 1, rows })).toEqual([]);
    expect(looks.count).toBeLessThan(5 * PARTS + 5 * COUNT);
  });

  it('are told per key without the digits of bigints, which take long to write', () => {
    const digits = jest.spyOn(BigInt.prototype, 'toString');
    const keys = [2n ** 4000n, -(2n ** 4000n)];
    keys.forEach((key, at) => join(key, ...numbersFrom(1 + at * COUNT)));
    const numbers = inTurn(numbersFrom(1), numbersFrom(1 + COUNT));
    digits.mockClear();
    const updates = apply({ kind: 'update', entries: numbers.map((number) => ({ number, value: 1 })) });
    expect(updates.map(({ key, rows }) => [key, rows.length])).toEqual(keys.map((key) => [key, COUNT]));
    const leaves = apply({ kind: 'leave', numbers });
    expect(leaves.map(({ key, rows }) => [key, rows.length])).toEqual(keys.map((key) => [key, COUNT]));
    expect(table.count).toBe(0);
    expect(digits.mock.calls.length).toBeLessThan(10);
    digits.mockRestore();
  });

  it('leave in several turns, because to find the place of such a key takes as long as to change many rows', () => {
    for (let number = 1; number <= 40; number += 1)
      join(
        list(PARTS, (at) => (at === 0 ? number : at)),
        number,
      );
    const theirs = table.remote(THERE);
    const before = theirs.count;
    theirs.removeNewest(2000);
    expect(before - theirs.count).toBeLessThan(20);
    while (theirs.count > 0) theirs.removeNewest(2000);
    expect(table.count).toBe(0);
  });
});

describe('Texts that V8 would hash by their length alone', () => {
  const LONG = 20_000;
  const texts = list(10, (at) => Buffer.from('x'.repeat(LONG) + String(10 + at)).toString('latin1'));

  it('are found by a hash over all of their characters, so that others of their length cost nothing', () => {
    let hashed = 0;
    const map = new ShardedMap<string, number>((text) => {
      hashed += text.length;
      return FIXED_SEED.spread(text);
    });
    texts.forEach((text, at) => map.set(text, at));
    expect(hashed).toBeGreaterThanOrEqual(texts.length * LONG);
    expect(texts.map((text) => map.get(text))).toEqual(texts.map((_, at) => at));
    let sum = 0;
    map.forEach((at) => (sum += at));
    expect(sum).toBe((10 * 9) / 2);
    map.set(texts[3], 99);
    expect([map.size, map.get(texts[3]), map.get('x'.repeat(LONG + 2))]).toEqual([10, 99, undefined]);
    expect(texts.map((text) => map.delete(text))).not.toContain(false);
    expect([map.size, map.delete(texts[0])]).toEqual([0, false]);
  });

  it('are told apart although they hash alike', () => {
    const map = new ShardedMap<string, number>(() => 7);
    texts.forEach((text, at) => map.set(text, at));
    expect(texts.map((text) => map.get(text))).toEqual(texts.map((_, at) => at));
    texts.forEach((text, at) => {
      if (at % 2 === 0) map.delete(text);
    });
    expect(texts.map((text) => map.get(text))).toEqual(texts.map((_, at) => (at % 2 === 0 ? undefined : at)));
    expect(map.size).toBe(5);
  });

  it('may be keys, parts of keys and large bigints in a trie', () => {
    const trie = new KeyTrie<{ at: number }>();
    const keys: Key[] = texts.flatMap((text, at) => [text, ['a', text], [text, at], 2n ** 80_000n + BigInt(at), [[text]]]); // prettier-ignore
    keys.forEach((key, at) => trie.set(key, { at }));
    expect(keys.map((key) => trie.get(key)?.at)).toEqual(keys.map((_, at) => at));
    expect(trie.values()).toHaveLength(keys.length);
    expect(trie.below(['a'])).toHaveLength(texts.length);
    expect(trie.peek(texts[1])).toBe(trie.get(texts[1]));
    keys.forEach((key) => trie.delete(key));
    expect(trie.isEmpty).toBe(true);
  });
});
