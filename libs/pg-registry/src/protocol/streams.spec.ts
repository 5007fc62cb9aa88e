import { VirtualNetwork } from './virtual-network.fixture';

describe('a scope that starts on a connected node', () => {
  it('is not in sync before it has what the peers have, from the very turn in which it starts', () => {
    const network = new VirtualNetwork();
    const [a, b] = network.startCluster(2);
    expect(a.protocol.synced).toBe(true);
    a.stopScope('s');
    expect(a.protocol.synced).toBe(true);
    a.startScope('s');
    expect(a.protocol.synced).toBe(false);
    network.until(() => a.protocol.synced);
    expect(a.keys('s')).toEqual([b.name]);
  });
});
