import { isStream, loseBroadcasts, three, two, unconnected } from './synced-nodes.fixture';

describe('replicated()', () => {
  it('replicated() ends at once without peers, and otherwise when every peer has applied the earlier writes', () => {
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

  it('replicated() does not end before a peer that lost the operation has got it', () => {
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

  it('replicated() ends at its time limit with the names of the peers that lag', () => {
    const { network, a } = three();
    network.loses = (message) => isStream(message) && message.to === 'b';
    a.join('s', 'k', 1);
    a.replicated('s', 300);
    network.run(400);
    expect(a.toldOf('replicated')).toEqual([{ type: 'replicated', id: 1, laggards: ['b'], connected: true }]);
  });

  it('replicated() does not wait for a peer that is gone or has restarted its scope', () => {
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

  it('replicated() waits while the node is disconnected, and reports that at its time limit', () => {
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
