import { compareValues, Pid, sameKey, sameValue, type Value } from '.';

const pid = (id: number): Pid => new Pid('a', '00000000000000aa', id);

describe('The order of values', () => {
  test('values are ordered by kind, then by value', () => {
    const ordered: Value[] = [
      -Infinity,
      -1,
      0,
      1,
      1n,
      1.5,
      2n ** 70n,
      Infinity,
      NaN,
      null,
      false,
      true,
      pid(1),
      pid(2),
      new Date(0),
      new Date(1),
      [],
      [1],
      [1, 1],
      [2],
      {},
      { b: 1 },
      { a: 1, b: 0 },
      { a: 1, b: 1 },
      new Map([['a', 1]]),
      new Map([['a', 2]]),
      new Set([1]),
      new Set([1, 2]),
      '',
      'a',
      'b',
      new ArrayBuffer(1),
      Uint8Array.of(1),
      Uint8Array.of(1, 0),
      Uint8Array.of(2),
      Int8Array.of(1),
      undefined,
    ];
    for (const [i, a] of ordered.entries()) {
      for (const [j, b] of ordered.entries()) expect(Math.sign(compareValues(a, b))).toBe(Math.sign(i - j));
    }
  });
});

describe('Two keys', () => {
  test('two keys of the same structure are the same, whatever the order of their properties', () => {
    expect(sameKey(['doc', { a: 1, b: [pid(1)] }], ['doc', { b: [pid(1)], a: 1 }])).toBe(true);
    expect(sameKey(NaN, NaN)).toBe(true);
  });

  test.each<[Parameters<typeof sameKey>[0], Parameters<typeof sameKey>[1]]>([
    [1, '1'],
    [1, 1n],
    [null, false],
    [[], {}],
    [['a'], ['a', 'b']],
    [{ a: 1 }, { b: 1 }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [pid(1), '<a.1>'],
    [pid(1), { node: 'a', incarnation: '00000000000000aa', id: 1 }],
  ])('%p and %p differ', (a, b) => {
    expect(sameKey(a, b)).toBe(false);
    expect(sameKey(b, a)).toBe(false);
  });
});

describe('Two values', () => {
  test('two values are the same whatever the order of their Maps and Sets', () => {
    const map = new Map<Value, Value>([['x', 1], [[1], { a: 2 }]]); // prettier-ignore
    const turned = new Map<Value, Value>([[[1], { a: 2 }], ['x', 1]]); // prettier-ignore
    expect(sameValue(map, turned)).toBe(true);
    expect(sameValue(map, new Map<Value, Value>([['x', 1], [[1], { a: 3 }]]))).toBe(false); // prettier-ignore
    expect(sameValue(new Set([[1], 2]), new Set([2, [1]]))).toBe(true);
    expect(sameValue(new Set([1]), new Set(['1']))).toBe(false);
  });

  test('two values with the same bytes of different kinds differ', () => {
    expect(sameValue(Uint8Array.of(1), Int8Array.of(1))).toBe(false);
    expect(sameValue(Uint8Array.of(1), Uint8Array.of(1))).toBe(true);
  });
});
