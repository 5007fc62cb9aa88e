import type { Value } from '../term';
import { VirtualNetwork } from './virtual-network.fixture';

/** As deep as anything may be registered anywhere. */
function nested(levels: number): Value {
  let value: Value = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

describe('a node whose own limits are lower than those of a peer', () => {
  const low = { maxKeyBytes: 8, maxValueBytes: 8, maxDepth: 1 };
  const small = { maxFrameBytes: 4096, maxOpBytes: 2048, parkingBytes: 4096 };

  it('a node with lower limits than a peer has every entry of it all the same, by operation and by sync', () => {
    const network = new VirtualNetwork();
    const a = network.start('a');
    const b = network.start({ name: 'b', limits: low, options: small });
    for (const node of [a, b]) node.startScope('s');
    network.run(1000);
    const values = { deep: nested(256), long: 'x'.repeat(65_000), plain: { a: [1, { b: 2 }] } };
    a.join('s', ['a key', 'of more', 'than 8 bytes'], values.plain);
    a.join('s', 'deep', values.deep);
    a.join('s', 'long', values.long);
    network.run(1000);
    const c = network.start({ name: 'c', limits: low, options: small });
    c.startScope('s');
    network.run(1000);
    for (const node of [b, c]) {
      expect(node.keys('s')).toEqual(a.keys('s'));
      expect(node.entries('s', 'deep')[0].value).toEqual(values.deep);
      expect(node.entries('s', 'long')[0].value).toBe(values.long);
      expect(node.warnings()).toEqual([]);
    }
  });

  it('a node syncs instead of assembling an operation that is larger than its own limit', () => {
    const network = new VirtualNetwork();
    const a = network.start({ name: 'a', options: { maxFrameBytes: 4096 } });
    const b = network.start({ name: 'b', options: { ...small, maxFrameBytes: 4096 } });
    for (const node of [a, b]) node.startScope('s');
    network.run(1000);
    a.join('s', 'many', null, 4000);
    network.run(100);
    expect(b.entries('s', 'many')).toHaveLength(4000);
    expect(b.protocol.stats().counters['resyncs-too-large']).toBe(1);
    expect(b.warnings()).toEqual([]);
  });

  it('a node refuses values that no node may register', () => {
    const network = new VirtualNetwork();
    const [a, b] = network.startCluster(2);
    a.join('s', 'too deep', nested(257));
    network.run(1000);
    expect(b.keys('s')).not.toContain('too deep');
    expect(b.warnings()).toEqual(['refused']);
  });
});
