import { VirtualNetwork, type VirtualNode } from './virtual-network.fixture';

/** Starts a node with an entry under its name in scope `s`. */
function newcomer(network: VirtualNetwork, name: string): VirtualNode {
  const node = network.add(name);
  node.startScope('s');
  node.join('s', name);
  network.connect(node);
  return node;
}

/** For how long after `peer-up` a node has no entry of a peer, in milliseconds; Infinity if it never gets one. */
function waitFor(network: VirtualNetwork, node: VirtualNode, peer: VirtualNode, withinMs: number): number {
  const until = network.now + withinMs;
  while (network.now < until && !node.keys('s').includes(peer.name)) network.run(1);
  return node.keys('s').includes(peer.name) ? network.now - node.timeOf('peer-up', peer.name)! : Infinity;
}

describe('the first sync', () => {
  it('peers have the entries of a newcomer within 20 ms of peer-up, and it has theirs', () => {
    const network = new VirtualNetwork();
    const nodes = network.startCluster(12);
    const late = newcomer(network, 'late');
    const waits = nodes.flatMap((node) => [
      waitFor(network, node, late, 2000),
      waitFor(network, late, node, 2000),
    ]);
    expect(Math.max(...waits)).toBeLessThanOrEqual(20);
    expect(late.counts['from-strangers'] ?? 0).toBe(0);
    expect(nodes.map((node) => node.counts['stalled-walks'] ?? 0)).toEqual(nodes.map(() => 0));
  });

  it('thirty nodes that join one right after the other have the same entries half a second later', () => {
    const network = new VirtualNetwork();
    const nodes = Array.from({ length: 30 }, (_, i) => {
      network.run(3);
      return newcomer(network, `n${i}`);
    });
    network.run(500);
    expect(nodes.map((node) => node.table().count)).toEqual(nodes.map(() => nodes.length));
  });

  it('a question that goes with a hello costs no hello more', () => {
    const network = new VirtualNetwork();
    const nodes = network.startCluster(12);
    const hellos = (): number =>
      nodes.flatMap(({ sent }) => sent).filter((subject) => subject.startsWith('pgr.test.to.late.hello.'))
        .length;
    newcomer(network, 'late');
    network.run(1000);
    expect(hellos()).toBe(nodes.length);
  });
});
