import type { Key } from '../term';
import { KeyTrie } from './key-trie';

it('keeps a key apart from the keys it is the beginning of', () => {
  const trie = new KeyTrie<string>();
  for (const key of [[], ['a'], ['a', 'b'], ['a', 'b', 'c']]) trie.set(key, `/${key.join('/')}`);
  trie.delete(['a', 'b']);
  expect(trie.get(['a', 'b'])).toBeUndefined();
  expect(trie.get(['a', 'b', 'c'])).toBe('/a/b/c');
  expect(trie.below(['a'])).toEqual(['/a', '/a/b/c']);
  expect(trie.below([])).toEqual(['/', '/a', '/a/b/c']);
});

it('compares elements by structure and kind', () => {
  const trie = new KeyTrie<number>();
  const keys: Key[][] = [[1], ['1'], [1n], [[1]], [{ x: 1 }], [null], ['null'], [true]];
  keys.forEach((key, at) => trie.set(key, at));
  expect(keys.map((key) => trie.get(structuredClone(key)))).toEqual(keys.map((_, at) => at));
});

it('leaves nothing behind when keys go', () => {
  const trie = new KeyTrie<number>();
  trie.set(['a', 'b', 'c'], 1);
  trie.set(['a', 'x'], 2);
  trie.delete(['a', 'b', 'c']);
  trie.delete(['a', 'unknown']);
  trie.delete(['a', 'x']);
  expect(trie['root']).toEqual({ value: undefined, children: undefined });
});
