import { formatKey, Pid } from '.';

describe('The text of a key', () => {
  test.each<[Parameters<typeof formatKey>[0], string]>([
    ['doc', "'doc'"],
    ["it's\n\u202e", String.raw`'it\'s\n\u202e'`],
    [1, '1'],
    [1n, '1n'],
    [null, 'null'],
    [['doc', 'a', new Pid('orders-1', '0123456789abcdef', 42)], "['doc', 'a', <orders-1.42>]"],
    [{ kind: 'doc', 'a b': [true] }, "{kind: 'doc', 'a b': [true]}"],
    [new Map([['a', new Set([1])]]), "Map {'a' => Set {1}}"],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Uint8Array(3), '3 bytes'],
  ])('the text of the key %p is %s', (key, text) => {
    expect(formatKey(key)).toBe(text);
  });

  test('the text of a key has at most 120 characters, however large the key is', () => {
    const large = [
      'x'.repeat(1e6),
      Array(1e6).fill('abc'),
      { ['n'.repeat(500)]: 'x'.repeat(500) },
      2n ** 100_000n,
    ];
    for (const key of large) expect(formatKey(key).length).toBeLessThanOrEqual(120);
  });
});
