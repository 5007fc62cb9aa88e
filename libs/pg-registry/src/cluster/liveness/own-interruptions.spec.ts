import { VirtualNetwork } from '../../protocol/virtual-network.fixture';

const SEEDS = Array.from({ length: 6 }, (_, index) => index + 1);

describe('an interruption of this node, or of its server', () => {
  it('a disconnected node suspects all peers and removes nobody for a minute', () => {
    const network = new VirtualNetwork();
    const nodes = network.startCluster(3);
    network.disconnect(nodes[0]);
    network.run(59_000);
    expect(nodes[0].protocol.peers().map(({ suspect }) => suspect)).toEqual(['disconnected', 'disconnected']);
    expect(nodes[0].removals()).toEqual([]);
    network.run(1500);
    expect(
      nodes[0].events.filter((event) => event.type === 'peer-removed').map(({ reason }) => reason),
    ).toEqual(['isolated', 'isolated']);
    network.connect(nodes[0]);
    network.run(2000);
    expect(nodes.map((node) => node.keys('s').length)).toEqual([3, 3, 3]);
  });

  it('no node is removed when the only server restarts, whichever node is back first', () => {
    for (const seed of SEEDS) {
      const network = new VirtualNetwork(seed);
      const nodes = network.startCluster(5);
      for (const node of nodes) network.disconnect(node);
      for (const node of nodes)
        network.at(1000 + network.random() * 3700, () => network.connect(node, 'server-a2'));
      network.run(15_000);
      expect(nodes.flatMap((node) => node.removals())).toEqual([]);
      expect(nodes.every((node) => node.protocol.peers().every(({ suspect }) => suspect === false))).toBe(
        true,
      );
    }
  });

  it('a node that does not come back after a restart of the server is removed after rejoinGraceMs', () => {
    const network = new VirtualNetwork();
    const nodes = network.startCluster(3);
    for (const node of nodes) network.disconnect(node);
    network.run(1000);
    network.kill(nodes[0]);
    for (const node of nodes.slice(1)) network.connect(node, 'server-a2');
    const tookMs = network.until(() => !nodes[1].peers.includes('n0'));
    expect(tookMs).toBeGreaterThanOrEqual(4900);
    expect(tookMs).toBeLessThan(7000);
  });
});

describe('a route between two servers', () => {
  it('a route between two servers may flap for 3.7 seconds without a removal', () => {
    for (const seed of SEEDS) {
      const network = new VirtualNetwork(seed);
      const nodes = network.startCluster(4);
      for (const node of nodes.slice(0, 2)) {
        network.disconnect(node);
        network.connect(node, 'server-b');
      }
      network.run(10_000);
      network.cut('server-a', 'server-b');
      network.run(3700);
      network.heal();
      network.run(5000);
      expect(nodes.flatMap((node) => node.removals())).toEqual([]);
    }
  });

  it('a route that is gone for half a minute splits the cluster, and both sides are whole soon after the heal', () => {
    const network = new VirtualNetwork();
    const nodes = network.startCluster(4);
    for (const node of nodes.slice(0, 2)) {
      network.disconnect(node);
      network.connect(node, 'server-b');
    }
    network.run(10_000);
    network.cut('server-a', 'server-b');
    network.run(30_000);
    expect(nodes[0].keys('s')).toEqual(['n0', 'n1']);
    expect(nodes[3].keys('s')).toEqual(['n2', 'n3']);
    nodes[0].join('s', 'meanwhile');
    network.heal();
    const whole = JSON.stringify(['meanwhile', 'n0', 'n1', 'n2', 'n3']);
    const isWhole = (): boolean => nodes.every((node) => JSON.stringify(node.keys('s')) === whole);
    expect(network.until(isWhole, 5000)).toBeLessThanOrEqual(3500);
  });
});

describe('a node that writes as the first thing after it stood still', () => {
  it('a node that writes first thing after it stood still says hello once, with a digest of its numbered operations', () => {
    const network = new VirtualNetwork();
    const [sleeper, witness] = network.startCluster(2);
    sleeper.sent.length = 0;
    network.freeze(sleeper);
    network.run(1500);
    network.thaw(sleeper, () => {
      for (let i = 0; i < 20; i += 1) sleeper.join('s', i);
    });
    network.run(1000);
    expect(sleeper.protocol.stats().counters).toMatchObject({ 'own-stalls': 1 });
    expect(sleeper.sent.filter((subject) => subject.endsWith('.hello')).length).toBeLessThanOrEqual(2);
    expect(witness.warnings()).toEqual([]);
    expect(witness.keys('s')).toHaveLength(22);
  });
});
