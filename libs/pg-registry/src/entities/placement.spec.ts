import { isBetter, ranked } from './placement';

const nodes = (...names: string[]): { node: string }[] => names.map((node) => ({ node }));

describe('The place of an entity', () => {
  it('is the same on every node, whatever the order in which it knows the hosts', () => {
    for (let key = 0; key < 200; key += 1) {
      const [best] = ranked('document', key, nodes('a', 'b', 'c'));
      expect(ranked('document', key, nodes('c', 'a', 'b'))[0]).toEqual(best);
    }
  });

  it('moves only to a node that joins, and only from a node that leaves', () => {
    for (let key = 0; key < 500; key += 1) {
      const [before] = ranked('document', key, nodes('a', 'b', 'c'));
      const [after] = ranked('document', key, nodes('a', 'b', 'c', 'd'));
      expect([before?.node, 'd']).toContain(after?.node);
    }
  });

  it('gives every node its share', () => {
    const shares = new Map<string, number>();
    for (let key = 0; key < 3000; key += 1) {
      const node = ranked('document', `key ${key}`, nodes('a', 'b', 'c'))[0].node;
      shares.set(node, (shares.get(node) ?? 0) + 1);
    }
    for (const name of ['a', 'b', 'c']) expect(Math.abs(shares.get(name)! - 1000)).toBeLessThan(150);
  });

  it('is another one for another type', () => {
    const keys = Array.from({ length: 100 }, (_, key) => key);
    const places = (type: string): string[] => keys.map((key) => ranked(type, key, nodes('a', 'b'))[0].node);
    expect(places('document')).not.toEqual(places('room'));
  });

  it('of two nodes is decided alike by both', () => {
    for (let key = 0; key < 100; key += 1) {
      const [a, b] = nodes('a', 'b');
      expect(isBetter('document', key, a, b)).toBe(!isBetter('document', key, b, a));
    }
  });
});
