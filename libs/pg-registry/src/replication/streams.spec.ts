import { VirtualNetwork } from '../protocol/virtual-network.fixture';

describe('replicated() in a scope that has just started', () => {
  it('replicated() in a scope that has just started waits for the peers that have the scope already', () => {
    const network = new VirtualNetwork();
    const [a, b] = network.startCluster(2);
    a.stopScope('s');
    a.startScope('s');
    a.join('s', 'early');
    a.do((now) => a.protocol.stream('s').replicated(1000, now).effects);
    const ended = () => a.told.find(({ type }) => type === 'replicated');
    expect(ended()).toBeUndefined();
    network.until(() => ended() !== undefined);
    expect(ended()).toMatchObject({ laggards: [], connected: true });
    expect(b.keys('s')).toEqual(['early', 'n1']);
  });

  it('replicated() ends when the scope stops, or when its time is over before any peer could be asked', () => {
    const network = new VirtualNetwork();
    const a = network.add('a');
    a.startScope('s');
    a.do((now) => a.protocol.stream('s').replicated(1000, now).effects);
    a.do((now) => a.protocol.stream('s').replicated(5000, now).effects);
    network.run(1001);
    const ended = () => a.told.filter(({ type }) => type === 'replicated');
    expect(ended()).toEqual([{ type: 'replicated', id: 1, laggards: [], connected: false }]);
    a.stopScope('s');
    expect(ended()).toHaveLength(2);
  });
});

describe('a peer that was out of reach', () => {
  it('a peer that was out of reach is asked again at once, however long earlier answers were waited for', () => {
    const network = new VirtualNetwork();
    const [a, b] = network.startCluster(2);
    network.loses = ({ subject }) => subject.includes('.sync.');
    b.stopScope('s');
    b.startScope('s');
    network.run(8000); // its asks are 4 s apart by now
    network.loses = () => true;
    network.run(3000);
    expect(b.protocol.peer(a.incarnation)?.suspect).toBe('silence');
    network.loses = () => false;
    network.until(() => b.protocol.peer(a.incarnation)?.suspect === false);
    expect(network.until(() => b.keys('s').includes(a.name))).toBeLessThan(100);
  });
});

describe('a scope that starts on a connected node', () => {
  it("a started scope is not in sync, from the turn of its start on, before it has the peers' entries", () => {
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

  it("a started scope does not trust what a peer's earlier hello said of its entries", () => {
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
