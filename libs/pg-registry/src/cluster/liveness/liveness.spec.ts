import { encodeFrame } from '../../wire/frame';
import { VirtualNetwork } from '../../protocol/virtual-network.fixture';

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

function median(figures: number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)];
}

/** How long until everybody suspected, and removed, a killed node. */
function crash(seed: number, count: number, runMs: number): { suspect: number; removed: number } {
  const network = new VirtualNetwork(seed);
  const [victim, ...others] = network.startCluster(count, runMs);
  network.run(network.random() * 1000);
  const killedAt = network.now;
  network.kill(victim);
  network.until(() => others.every((node) => !node.peers.includes('n0')));
  const times = (type: 'peer-suspect' | 'peer-removed'): number =>
    Math.max(...others.map((node) => node.timeOf(type, 'n0') ?? Infinity)) - killedAt;
  return { suspect: times('peer-suspect'), removed: times('peer-removed') };
}

describe('a goodbye', () => {
  it('a goodbye removes the entries of a node everywhere within 100 ms', () => {
    const network = new VirtualNetwork();
    const [leaver, ...others] = network.startCluster(3);
    network.leave(leaver);
    network.run(10);
    expect(others.map((node) => node.keys('s'))).toEqual([
      ['n1', 'n2'],
      ['n1', 'n2'],
    ]);
    expect(others[0].eventsOf('n0')).toEqual(['peer-up', 'peer-removed:goodbye']);
  });
});

describe('a crash', () => {
  it.each([2, 5])(
    'a crashed node is suspected in 250 ms and removed in a second, at the median of 20 runs of %i nodes',
    (count) => {
      const runs = SEEDS.map((seed) => crash(seed, count, 10_000));
      expect(median(runs.map(({ suspect }) => suspect))).toBeLessThan(250);
      expect(median(runs.map(({ removed }) => removed))).toBeLessThan(1000);
      expect(Math.max(...runs.map(({ removed }) => removed))).toBeLessThan(1500);
    },
  );

  it('a node that has just started notices a crash within two seconds', () => {
    const runs = SEEDS.map((seed) => crash(seed, 2, 300));
    expect(Math.max(...runs.map(({ removed }) => removed))).toBeLessThan(2000);
  });

  it('entries of a crashed node leave, and the restarted node of that name comes back with its own', () => {
    const network = new VirtualNetwork();
    const [victim, witness] = network.startCluster(2);
    network.kill(victim);
    const again = network.start('n0');
    again.startScope('s');
    again.join('s', 'new');
    network.run(500);
    expect(witness.keys('s')).toEqual(['n1', 'new']);
    expect(witness.eventsOf('n0').filter((event) => event !== 'peer-suspect:crash')).toEqual([
      'peer-up',
      'peer-removed:superseded',
      'peer-up',
    ]);
  });

  it('a crash on another server is confirmed when another node there answers', () => {
    const network = new VirtualNetwork();
    const observer = network.start({ name: 'observer', server: 'server-a' });
    const victim = network.start({ name: 'victim', server: 'server-b' });
    network.start({ name: 'colleague', server: 'server-b' });
    network.run(10_000);
    network.kill(victim);
    expect(network.until(() => !observer.peers.includes('victim'))).toBeLessThan(1500);
  });

  it('a crash on another server is not confirmed before rejoinGraceMs if no node there answers: its server may have died', () => {
    const network = new VirtualNetwork();
    const observer = network.start({ name: 'observer', server: 'server-a' });
    const victim = network.start({ name: 'victim', server: 'server-b' });
    network.run(10_000);
    network.kill(victim);
    const tookMs = network.until(() => !observer.peers.includes('victim'));
    expect(tookMs).toBeGreaterThan(5000);
    expect(tookMs).toBeLessThan(6500);
  });

  it('a node whose server died is suspected but not removed if it comes back on another server', () => {
    const network = new VirtualNetwork();
    const nodes = network.startCluster(5);
    const moved = nodes.slice(0, 2);
    for (const node of moved) {
      network.disconnect(node);
      network.connect(node, 'server-b');
    }
    network.run(5000);
    for (const node of moved) network.disconnect(node);
    network.run(4000);
    expect(nodes[4].eventsOf('n0')).toContain('peer-suspect:crash');
    for (const node of moved) network.connect(node, 'server-c');
    network.run(10_000);
    expect(nodes.flatMap((node) => node.removals())).toEqual([]);
    expect(nodes.every((node) => node.keys('s').length === 5)).toBe(true);
  });
});

describe('a node that stands still with its connection open', () => {
  it('a node that stands still for ten seconds becomes a suspect and is not removed', () => {
    const network = new VirtualNetwork();
    const nodes = network.startCluster(4);
    network.freeze(nodes[0]);
    network.run(10_000);
    expect(nodes[1].eventsOf('n0').at(-1)).toBe('peer-suspect:silence');
    network.thaw(nodes[0]);
    network.run(3000);
    expect(nodes[1].eventsOf('n0').at(-1)).toBe('peer-recovered');
    expect(nodes.flatMap((node) => node.removals())).toEqual([]);
    expect(nodes[0].events.filter(({ type }) => type === 'peer-suspect')).toEqual([]);
  });

  it('a node that leaves probes unanswered for 15 seconds is removed, and comes back with all entries when it wakes', () => {
    const network = new VirtualNetwork();
    const nodes = network.startCluster(3);
    network.freeze(nodes[0]);
    const frozenAt = network.now;
    network.until(() => !nodes[1].peers.includes('n0'));
    expect(nodes[1].timeOf('peer-removed', 'n0')! - frozenAt).toBeGreaterThan(14_900);
    expect(nodes[1].timeOf('peer-removed', 'n0')! - frozenAt).toBeLessThan(15_500);
    network.run(5000);
    network.thaw(nodes[0]);
    network.run(3000);
    expect(nodes.map((node) => node.keys('s'))).toEqual(nodes.map(() => ['n0', 'n1', 'n2']));
    expect(nodes[1].eventsOf('n0').at(-1)).toBe('peer-up');
  });

  it('a node that wakes after any time does not remove the others', () => {
    const network = new VirtualNetwork();
    const nodes = network.startCluster(3);
    network.freeze(nodes[0]);
    network.run(120_000);
    network.thaw(nodes[0]);
    network.run(10_000);
    expect(nodes[0].removals()).toEqual([]);
    expect(nodes[0].protocol.stats().counters['own-stalls']).toBe(1);
  });
});

describe('the word of others', () => {
  it('a suspicion of another node removes nobody: it is a reason to probe', () => {
    const network = new VirtualNetwork();
    const [victim, liar, believer] = network.startCluster(3);
    const suspicion = encodeFrame(
      {
        version: 1,
        node: liar.name,
        incarnation: liar.incarnation,
        epoch: liar.protocol.epoch,
        kind: 'suspect',
        versions: undefined,
      },
      Buffer.from(victim.incarnation, 'hex'),
    );
    for (let time = 0; time < 3000; time += 10) {
      network.inject(believer, 'pgr.test.from.n1.suspect', suspicion);
      network.run(10);
    }
    expect(believer.eventsOf('n0')).toEqual(['peer-up']);
  });

  it('a hint makes a node probe, which shortens the time to suspicion', () => {
    const network = new VirtualNetwork();
    const [victim, other] = network.startCluster(2);
    network.kill(victim);
    other.do((now) => other.protocol.hint('n0', now));
    network.run(5);
    expect(other.protocol.peers()[0].suspect).toBe('crash');
    expect(other.protocol.isReachable(victim.incarnation)).toBe(false);
    expect(other.peers).toEqual(['n0']);
  });
});

describe('crash detection', () => {
  it('crash detection notices a client that subscribes to everything, warns once, and relies on silence', () => {
    const network = new VirtualNetwork();
    network.onlooker = true;
    const [victim, other] = network.startCluster(2, 130_000);
    expect(other.protocol.stats().crashDetection).toBe('silence');
    expect(other.warnings()).toEqual(['onlooker']);
    network.kill(victim);
    network.run(5000);
    expect(other.protocol.peers()[0].suspect).toBe('silence');
    expect(network.until(() => other.peers.length === 0)).toBeLessThan(13_000);
  });

  it('crash detection costs each node three probes per interval, whatever the size of the cluster', () => {
    const network = new VirtualNetwork();
    const nodes = network.startCluster(8, 5000);
    const before = nodes[0].protocol.stats().counters['probes'];
    network.run(10_000);
    const probes = nodes[0].protocol.stats().counters['probes'] - before;
    expect(probes).toBeGreaterThan(100);
    expect(probes).toBeLessThanOrEqual(3 * 41 + 1);
  });
});
