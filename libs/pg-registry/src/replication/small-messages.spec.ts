import { connectAll, difference, loseBroadcasts, synced, two, unconnected } from './synced-nodes.fixture';

/** The smallest size of messages with which a node works. */
const SMALL = 8192;
const LARGE = 'x'.repeat(50_000);

describe('a server whose messages became smaller', () => {
  it('a peer that comes later gets an entry that is larger than a message, and everything after it', () => {
    const { network, nodes } = unconnected(['a', 'b']);
    const [a, b] = nodes;
    network.connect(a);
    network.run(10);
    a.join('s', 'before', 1);
    a.join('s', 'large', LARGE);
    a.join('s', 'after', 2);
    a.limit(SMALL);
    network.run(10);
    network.connect(b);
    network.run(2000);
    expect(difference(network)).toBeUndefined();
    expect(b.entries('s', 'large')[0].value).toBe(LARGE);
    expect(b.protocol.synced).toBe(true);
    expect([...a.warnings(), ...b.warnings()]).toEqual([]);
  });

  it('an entry that was registered before the connection is sent in parts, and synced in pieces', () => {
    const { network, nodes } = unconnected(['a', 'b', 'c'], { maxBodyBytes: 3584 });
    const [a] = nodes;
    a.join('s', 'large', LARGE);
    connectAll(network);
    network.run(500);
    a.update('s', 'large', `${LARGE}y`);
    network.run(500);
    expect(difference(network)).toBeUndefined();
  });

  it('a piece of a chunk that is lost is asked for again', () => {
    const { network, nodes } = unconnected(['a', 'b'], { maxBodyBytes: 3584 });
    const [a] = nodes;
    a.join('s', 'large', LARGE);
    let pieces = 0;
    network.loses = ({ from, kind }) => from === 'a' && kind === 'sync' && (pieces += 1) === 5;
    connectAll(network);
    network.run(2000);
    expect(difference(network)).toBeUndefined();
    expect(pieces).toBeGreaterThan(20);
    expect(pieces).toBeLessThan(40);
  });

  it('operations that cannot be sent again are synced instead of being asked for in vain', () => {
    const { network, a, b } = two();
    const found = loseBroadcasts(network, a);
    a.join('s', 'large', LARGE);
    network.run(10);
    a.limit(SMALL);
    a.join('s', 'after', 1);
    network.run(10);
    found();
    network.run(1500);
    expect(difference(network)).toBeUndefined();
    expect(b.counts['resyncs-unrepairable']).toBe(1);
    expect(b.counts['repair-asks'] ?? 0).toBeLessThan(4);
  });

  it('operations that wait for each other are synced if they no longer fit into one message', () => {
    const { network, nodes } = synced(['a', 'b']);
    const [a, b] = nodes;
    for (let i = 0; i < 60; i += 1) a.join('s', 'many', 'y'.repeat(600));
    a.limit(SMALL);
    network.run(1500);
    expect(difference(network)).toBeUndefined();
    expect(b.table().count).toBe(60);
  });

  it('after the messages have become larger again, one message carries what it can', () => {
    const { network, a, b } = two({ maxBodyBytes: 3584 });
    a.limit(1_000_000);
    network.run(1);
    const sizes: number[] = [];
    network.loses = ({ from, kind, bytes }) => {
      if (from === 'a' && kind === 'ops') sizes.push(bytes.length);
      return false;
    };
    a.join('s', 'large', LARGE);
    network.run(10);
    expect(sizes[0]).toBeGreaterThan(LARGE.length);
    expect(b.entries('s', 'large')).toHaveLength(1);
  });
});
