import { isStream, loseBroadcasts, three, two, unconnected } from './synced-nodes.fixture';

describe('replicated()', () => {
  it('ends at once without peers, and when every peer has applied what was written before', () => {
    const { network, nodes } = unconnected(['a', 'b', 'c']);
    const [a, ...others] = nodes;
    network.connect(a);
    network.run(1000);
    a.join('s', 'k', 1);
    a.replicated('s');
    expect(a.toldOf('replicated')).toEqual([{ type: 'replicated', id: 1, laggards: [], connected: true }]);
    for (const other of others) network.connect(other);
    network.until(() => a.peers.length === 2);
    a.replicated('s');
    expect(a.toldOf('replicated')).toHaveLength(1);
    network.run(20);
    expect(a.toldOf('replicated')).toHaveLength(2);
    for (const node of nodes) expect(node.table().count).toBe(1);
  });

  it('does not end before a peer that lost the operation has got it', () => {
    const { network, a, b } = two();
    const found = loseBroadcasts(network, a);
    a.join('s', 'k', 1);
    a.replicated('s');
    network.run(15);
    expect(a.toldOf('replicated')).toEqual([]);
    found();
    network.run(100);
    expect(a.toldOf('replicated')).toHaveLength(1);
    expect(b.table().count).toBe(1);
  });

  it('ends at its time limit with the names of those who lag', () => {
    const { network, a } = three();
    network.loses = (message) => isStream(message) && message.to === 'b';
    a.join('s', 'k', 1);
    a.replicated('s', 300);
    network.run(400);
    expect(a.toldOf('replicated')).toEqual([{ type: 'replicated', id: 1, laggards: ['b'], connected: true }]);
  });

  it('does not wait for a peer that is gone or has started anew', () => {
    const { network, a, b, c } = three();
    network.loses = isStream;
    a.join('s', 'k', 1);
    a.replicated('s');
    network.leave(b);
    network.run(1);
    expect(a.toldOf('replicated')).toEqual([]);
    c.stopScope('s');
    c.startScope('s');
    network.run(2);
    expect(a.toldOf('replicated')).toHaveLength(1);
  });

  it('waits while disconnected, and says so at its time limit', () => {
    const { network, a } = two();
    network.disconnect(a);
    a.join('s', 'k', 1);
    a.replicated('s', 300);
    network.run(400);
    expect(a.toldOf('replicated')).toEqual([
      { type: 'replicated', id: 1, laggards: ['b'], connected: false },
    ]);
  });
});
