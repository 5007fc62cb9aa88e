import type { Key } from '../term';
import { KeyTrie } from './key-trie';

/** A value of which one can see what it was set for. */
class Mark {
  constructor(readonly of: string | number) {}
}

const marks = (found: readonly Mark[]): readonly (string | number)[] => found.map((mark) => mark.of);

it('a trie keeps a key apart from the keys it is the beginning of', () => {
  const trie = new KeyTrie<Mark>();
  for (const key of [[], ['a'], ['a', 'b'], ['a', 'b', 'c']]) trie.set(key, new Mark(`/${key.join('/')}`));
  trie.delete(['a', 'b']);
  expect(trie.get(['a', 'b'])).toBeUndefined();
  expect(trie.get(['a', 'b', 'c'])?.of).toBe('/a/b/c');
  expect(marks(trie.below(['a']))).toEqual(['/a', '/a/b/c']);
  expect(marks(trie.below(['a', 'b', 'c']))).toEqual(['/a/b/c']);
  expect(marks(trie.below([]))).toEqual(['/', '/a', '/a/b/c']);
});

it('a trie compares keys and elements by structure and kind', () => {
  const trie = new KeyTrie<Mark>();
  const elements: Key[] = [1, '1', 1n, [1], { x: 1 }, null, 'null', true, 'n1', '\udfff{1:x1;}'];
  const keys: Key[] = [...elements, ...elements.map((element) => [element])].filter(
    (key, at) => at !== 3 || !Array.isArray(key), // [1] is there twice
  );
  keys.forEach((key, at) => trie.set(key, new Mark(at)));
  expect(keys.map((key) => trie.get(structuredClone(key))?.of)).toEqual(keys.map((_, at) => at));
  expect(trie.values()).toHaveLength(keys.length);
});

it('a trie finds without a check primitives and arrays of primitives only', () => {
  const trie = new KeyTrie<Mark>();
  const keys: Key[] = [
    'a',
    Number.NaN,
    0,
    null,
    ['a', 1],
    ['a', 1, true],
    [],
    { x: 1 },
    ['a', { x: 1 }],
    ['a', ['b']],
  ];
  keys.forEach((key, at) => trie.set(key, new Mark(at)));
  expect(keys.map((key) => trie.peek(structuredClone(key))?.of)).toEqual([
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    undefined,
    undefined,
    undefined,
  ]);
  const noKeys = [
    undefined,
    Symbol('a'),
    () => 'a',
    ['a', undefined],
    ['a', Symbol('b')],
    ['a', 1, true, 'b'],
    new Map(),
  ];
  expect(noKeys.map((key) => trie.peek(key))).toEqual(noKeys.map(() => undefined));
  expect(trie.peek(-0)?.of).toBe(2);
});

it('a trie does not take a key for another that it is the beginning of, or that is the beginning of it', () => {
  const trie = new KeyTrie<Mark>();
  trie.set(['a'], new Mark(1));
  trie.delete(['a', 'b']);
  expect(trie.get(['a'])?.of).toBe(1);
  expect(trie.get(['a', 'b'])).toBeUndefined();
  expect(trie.peek(['a', 'b'])).toBeUndefined();
});

it('a trie leaves nothing behind when keys go', () => {
  const trie = new KeyTrie<Mark>();
  trie.set(['a', 'b', 'c'], new Mark(1));
  trie.set(['a', 'x'], new Mark(2));
  trie.set(['a'], new Mark(3));
  trie.delete(['a', 'b', 'c']);
  trie.delete(['a', 'unknown']);
  trie.delete(['a', 'x']);
  expect(trie.below([])).toEqual([new Mark(3)]);
  trie.delete(['a']);
  expect(trie.below([])).toEqual([]);
  expect(trie.isEmpty).toBe(true);
});
