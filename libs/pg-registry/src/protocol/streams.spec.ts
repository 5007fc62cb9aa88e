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

  it('does not trust what a peer said of its entries before the scope ran here', () => {
    const network = new VirtualNetwork();
    const [a, b] = [network.start('a'), network.start('b')];
    b.startScope('s');
    network.run(10_000);
    expect(a.protocol.peer(b.incarnation)).toMatchObject({ scopes: ['s'] });
    b.join('s', 'written after the hello that said: none');
    network.run(10);
    a.startScope('s');
    network.until(() => a.protocol.synced);
    expect(a.keys('s')).toHaveLength(1);
  });
});
