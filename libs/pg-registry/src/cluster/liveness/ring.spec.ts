import { Ring } from './ring';

const member = (index: number): { node: string; incarnation: string } => ({
  node: `node-${index}`,
  incarnation: index.toString(16).padStart(16, '0'),
});

describe('the ring', () => {
  const members = Array.from({ length: 40 }, (_, index) => member(index));

  it('the ring is the same on every node, in whatever order nodes met, so each node has as many watchers as it watches', () => {
    const watchers = new Map<string, number>();
    for (const self of members) {
      const ring = new Ring<{ node: string; incarnation: string }>();
      const others = members.filter((one) => one !== self);
      for (const other of self.node.length % 2 === 0 ? others : others.toReversed()) ring.add(other);
      for (const { node } of ring.after(self, 3, () => true))
        watchers.set(node, (watchers.get(node) ?? 0) + 1);
    }
    expect([...watchers.values()]).toEqual(Array(40).fill(3));
  });

  it('the ring skips nodes that are not accepted or were deleted, and goes around once at most', () => {
    const ring = new Ring<{ node: string; incarnation: string }>();
    for (const one of members.slice(1, 5)) ring.add(one);
    const [first, second] = ring.after(members[0], 2, () => true);
    ring.delete(first);
    expect(ring.after(members[0], 1, () => true)).toEqual([second]);
    expect(ring.after(members[0], 9, (one) => one !== second)).toHaveLength(2);
    expect(new Ring().after(members[0], 3, () => true)).toEqual([]);
  });
});
