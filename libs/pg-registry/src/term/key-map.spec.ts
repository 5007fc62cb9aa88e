import { inspect } from 'node:util';
import { InvalidValueError, KeyMap, type Key } from '.';

describe('A KeyMap', () => {
  test('a KeyMap finds keys by structure and keeps their first objects and places', () => {
    const first = ['doc', 'a'];
    const map = new KeyMap<number>([[first, 1]]).set('x', 2).set(['doc', 'a'], 3);
    expect([...map]).toEqual([[['doc', 'a'], 3], ['x', 2]]); // prettier-ignore
    expect([...map.keys()][0]).toBe(first);
    expect(map.get({ a: 1 })).toBeUndefined();
  });

  test('a KeyMap iterates like a Map', () => {
    const map = new KeyMap([['a', 1], ['b', 2]] as const); // prettier-ignore
    const visited: unknown[] = [];
    map.forEach((value, key, self) => visited.push([key, value, self === map]));
    expect(visited).toEqual([['a', 1, true], ['b', 2, true]]); // prettier-ignore
    expect([[...map.keys()], [...map.values()], [...map.entries()]]).toEqual([['a', 'b'], [1, 2], [...map]]);
    map.clear();
    expect([map.size, [...map]]).toEqual([0, []]);
  });

  test('a KeyMap prints its entries', () => {
    expect(inspect(new KeyMap([[['doc', 'a'], 1]]))).toBe("KeyMap(1) { [ 'doc', 'a' ] => 1 }");
  });

  test('a KeyMap refuses a function as key', () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a caller without types might pass
    const wrong = (() => 1) as unknown as Key;
    expect(() => new KeyMap().set(wrong, 1)).toThrow(InvalidValueError);
  });
});
