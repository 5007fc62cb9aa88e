import { loseBroadcasts, TestMesh, three, two } from './test-mesh.fixture';
import type { TestNode } from './test-node.fixture';

/** Asks whether everybody has applied what `node` wrote. */
function ask(node: TestNode, id: number, ms = 1000): void {
  node.perform(node.replicator.replicated(id, node.mesh.now, node.mesh.now + ms));
}

describe('replicated()', () => {
  it('ends at once without peers, and when every peer has applied what was written before', () => {
    const mesh = new TestMesh(['a', 'b', 'c']);
    const [a] = mesh.nodes;
    a.join('k', 1);
    ask(a, 1);
    expect(a.replies).toEqual([{ type: 'replicated', id: 1, laggards: [], connected: true }]);
    mesh.announceAll();
    ask(a, 2);
    expect(a.replies).toHaveLength(1);
    mesh.advance(20);
    expect(a.replies).toHaveLength(2);
    for (const { table } of mesh.nodes) expect(table.count).toBe(1);
  });

  it('does not end before a peer that lost the operation has got it', () => {
    const { mesh, a, b } = two();
    const found = loseBroadcasts(mesh, a);
    a.join('k', 1);
    ask(a, 1);
    mesh.advance(15);
    expect(a.replies).toEqual([]);
    found();
    mesh.advance(100);
    expect(a.replies).toHaveLength(1);
    expect(b.table.count).toBe(1);
  });

  it('ends at its time limit with the names of those who lag', () => {
    const { mesh, a, b } = three();
    mesh.filter = (_from, to) => to !== b;
    a.join('k', 1);
    ask(a, 1, 300);
    mesh.advance(400);
    expect(a.replies).toEqual([{ type: 'replicated', id: 1, laggards: ['b'], connected: true }]);
  });

  it('does not wait for a peer that is gone or has started anew', () => {
    const { mesh, a, b, c } = three();
    mesh.filter = () => false;
    a.join('k', 1);
    ask(a, 1);
    a.perform(a.replicator.peerDown(b.incarnation, 'node-down', mesh.now));
    expect(a.replies).toEqual([]);
    c.start();
    c.announceTo(a);
    expect(a.replies).toHaveLength(1);
  });

  it('waits while disconnected, and says so at its time limit', () => {
    const { mesh, a } = two();
    a.disconnect();
    a.join('k', 1);
    ask(a, 1, 300);
    mesh.advance(400);
    expect(a.replies).toEqual([{ type: 'replicated', id: 1, laggards: ['b'], connected: false }]);
  });
});
