import { TestMesh, three, two } from './test-mesh.fixture';
import type { TestNode } from './test-node.fixture';

/** What was timed at a node: `lag b`, `synced a`, … with the milliseconds, the oldest first. */
function timed(node: TestNode): [string, number][] {
  return node.timed.splice(0).map(({ type, peer, durationMs }) => [`${type} ${peer.node}`, durationMs]);
}

describe('the propagation of a write', () => {
  it('is timed from the write to the word of the peer that has applied it', () => {
    const { mesh, a } = two({ lagSampleMs: 1000 });
    timed(a);
    a.join('k');
    mesh.advance(10);
    // 0.2 ms there, 0.2 ms back: the links of the mesh have no other delay.
    expect(timed(a)).toEqual([['lag b', expect.closeTo(0.4, 5)]]);
  });

  it('is timed once in the interval, at another peer each time', () => {
    const { mesh, a } = three({ lagSampleMs: 1000 });
    timed(a);
    for (let i = 0; i < 25; i += 1) {
      a.join('k');
      mesh.advance(100);
    }
    expect(timed(a).map(([what]) => what)).toEqual(['lag b', 'lag c', 'lag b']);
  });

  it('is told however long it takes, for the longest is what is worth knowing', () => {
    const { mesh, a, b } = two({ lagSampleMs: 1000 });
    timed(a);
    mesh.filter = (_from, to) => to !== b;
    a.join('k');
    mesh.advance(12_000);
    mesh.filter = () => true;
    // What it missed, it hears of by the next hello.
    a.announceTo(b);
    mesh.advance(5000);
    const [[what, ms]] = timed(a);
    expect(what).toBe('lag b');
    expect(ms).toBeGreaterThan(12_000);
    expect(ms).toBeLessThan(15_000);
  });

  it('is forgotten with a peer that is gone, and the next write is followed', () => {
    const { mesh, a, b } = three({ lagSampleMs: 1000 });
    timed(a);
    mesh.filter = (_from, to) => to !== b;
    a.join('k');
    mesh.advance(1000);
    a.perform(a.replicator.peerDown(b.incarnation, 'node-down', mesh.now));
    a.join('k');
    mesh.advance(10);
    expect(timed(a)).toEqual([['lag c', expect.closeTo(0.4, 5)]]);
  });

  it('costs no frame unless it is asked for', () => {
    const frames = [0, 1000].map((lagSampleMs) => {
      const { mesh, a } = two({ lagSampleMs });
      a.join('k');
      mesh.advance(10_000);
      return mesh.sent;
    });
    expect(frames[1] - frames[0]).toBe(2);
  });
});

describe('a sync', () => {
  it('is timed from the first ask to the last chunk, each time anew', () => {
    const mesh = new TestMesh(['a', 'b']);
    const [a, b] = mesh.nodes;
    for (let i = 0; i < 9000; i += 1) a.join('k', i);
    mesh.filter = (_from, _to, kind) => kind !== 'sync';
    mesh.announceAll();
    mesh.advance(100);
    mesh.filter = () => true;
    mesh.advance(1000);
    const [[what, ms]] = timed(b);
    expect(what).toBe('synced a');
    // The lost ask was repeated after 250 ms.
    expect(ms).toBeGreaterThan(250);
    expect(ms).toBeLessThan(300);
    expect(b.timed).toEqual([]);
  });

  it('with a peer that has no entries takes no time at all', () => {
    const mesh = new TestMesh(['a', 'b']);
    mesh.announceAll();
    mesh.advance(100);
    expect(timed(mesh.nodes[0])).toEqual([['synced b', 0]]);
  });
});

describe('operations', () => {
  it('are counted where they go out and where they come in', () => {
    const { mesh, a, b } = two();
    for (let i = 0; i < 100; i += 1) a.join('k', i);
    mesh.advance(100);
    expect(a.counts['operations-out']).toBe(100);
    expect(b.counts['operations-in']).toBe(100);
    expect(b.counts['operations-out']).toBeUndefined();
  });
});
