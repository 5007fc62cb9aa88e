import { TestMesh, two } from './test-mesh.fixture';

describe('operations', () => {
  it('arrive as one event per operation and key, in the order of the owner', () => {
    const { mesh, a, b } = two();
    a.join('k', 1);
    a.update('k', 2);
    a.join('k', 3, 2, 3);
    a.leave('k');
    mesh.advance(10);
    expect(b.events()).toEqual(['peer join k 1', 'peer update k 2', 'peer join k 3,3', 'peer leave k 2']);
    expect(mesh.difference()).toBeUndefined();
  });

  it('leave at once when the stream was quiet, at the end of the turn for a while, and wait for each other at most 5 ms under load', () => {
    const { mesh, a } = two();
    const waits = (): number => {
      const before = mesh.sent;
      a.join('k');
      if (mesh.sent > before) return -1;
      const wait = a.replicator.nextDeadline() - mesh.now;
      if (wait === 0) mesh.advance(0);
      return wait;
    };
    expect(Array.from({ length: 9 }, waits)).toEqual([-1, 0, 0, 0, 0, 0, 0, 0, 5]);
    mesh.advance(5);
    expect(waits()).toBe(0);
    mesh.advance(20);
    expect(waits()).toBe(-1);
  });

  it('travel many to a frame', () => {
    const { mesh, a, b } = two();
    const before = mesh.sent;
    for (let i = 0; i < 5000; i += 1) a.join('k', i);
    mesh.advance(15);
    expect(b.table.count).toBe(5000);
    expect(mesh.sent - before).toBeLessThan(6);
  });

  it('larger than a frame travel in parts and are applied whole', () => {
    const { mesh, a, b } = two({ maxBodyBytes: 1000 });
    a.join('k', 'x', ...Array.from({ length: 5000 }, (_, id) => id));
    mesh.advance(10);
    expect(b.diffs.map(({ diff }) => diff.map(({ rows }) => rows.length))).toEqual([[5000]]);
    a.exit(7);
    mesh.advance(10);
    expect(mesh.difference()).toBeUndefined();
  });

  it('larger than an operation may be are replaced by a sync, and a join can be asked for beforehand', () => {
    const { mesh, a, b } = two({ maxOpBytes: 100_000, maxBodyBytes: 50_000 });
    expect(a.replicator.fits(1000)).toBe(true);
    expect(a.replicator.fits(60_000)).toBe(false);
    a.join('k', 'x', ...Array.from({ length: 60_000 }, (_, id) => id));
    mesh.advance(1000);
    expect(a.warnings).toEqual(['collapsed']);
    expect(b.table.count).toBe(60_000);
  });

  it('are only counted while nobody follows, and a peer that comes later syncs', () => {
    const mesh = new TestMesh(['a', 'b']);
    const [a, b] = mesh.nodes;
    for (let i = 0; i < 100; i += 1) a.join('k', i);
    expect(a.replicator.last).toBe(100);
    expect(a.budget.ring.size).toBe(0);
    expect(a.replicator.nextDeadline()).toBe(Infinity);
    mesh.announceAll();
    expect(b.replicator.synced).toBe(false);
    mesh.advance(10);
    expect(b.replicator.synced).toBe(true);
    expect(b.replicator.appliedOf(a.incarnation)).toBe(100);
    expect(b.events()[0]).toMatch(/^sync join k 0,1,2/);
  });

  it('that arrive twice change nothing', () => {
    const { mesh, a, b } = two();
    mesh.faults = { loss: 0, duplication: 1, delayMs: 0 };
    a.join('k', 1);
    mesh.advance(100);
    expect(b.events()).toEqual(['peer join k 1']);
    expect(b.counts['known-operations']).toBeGreaterThan(0);
  });
});

describe('a stream', () => {
  it('ends with its peer: all its entries leave in one diff, one change per key', () => {
    const { mesh, a, b } = two();
    a.join('k', 1);
    a.join('k', 2);
    a.join('l', 3);
    b.join('k', 'own');
    mesh.advance(10);
    b.events();
    b.perform(b.replicator.peerDown(a.incarnation, 'node-down', mesh.now));
    expect(b.events().toSorted()).toEqual(['node-down leave k 2,1', 'node-down leave l 3']);
    expect(b.table.count).toBe(1);
    expect(b.replicator.appliedOf(a.incarnation)).toBeUndefined();
  });

  it('is replaced by that of a higher run: the old entries leave at once, the new ones come by sync', () => {
    const { mesh, a, b } = two();
    a.join('k', 1);
    mesh.advance(10);
    b.events();
    a.replicator.stop();
    a.start();
    a.join('k', 2);
    a.announceTo(b);
    expect(b.events()).toEqual(['peer leave k 1']);
    mesh.advance(10);
    expect(b.events()).toEqual(['sync join k 2']);
  });

  it('of an older run is refused, whatever arrives late', () => {
    const { mesh, a, b } = two();
    mesh.faults = { loss: 0, duplication: 0, delayMs: 40 };
    a.join('k', 1);
    mesh.advance(0);
    const old = a.replicator;
    a.start();
    a.announceTo(b);
    mesh.advance(100);
    expect(b.table.count).toBe(0);
    expect(b.counts['foreign-run']).toBe(1);
    b.perform(b.replicator.announced(a, old.digest(), mesh.now));
    expect(b.replicator.appliedOf(a.incarnation)).toBe(0);
    expect(b.table.count).toBe(0);
  });

  it('that nobody has announced is not applied; its peer is asked for its hello', () => {
    const mesh = new TestMesh(['a', 'b', 'c']);
    const [a, b, c] = mesh.nodes;
    c.announceTo(a);
    a.join('k', 1);
    const discovered: string[] = [];
    const perform = b.perform.bind(b);
    b.perform = (effects) => {
      for (const effect of effects) if (effect.type === 'discover') discovered.push(effect.peer.node);
      perform(effects);
    };
    mesh.advance(10);
    expect(b.table.count).toBe(0);
    expect(discovered).toEqual(['a']);
  });

  it('whose digest differs at the same operation is synced again, loudly', () => {
    const { mesh, a, b } = two();
    a.join('k', 1);
    mesh.advance(10);
    const wrong = { ...a.replicator.digest(), hashLow: 1 };
    b.perform(b.replicator.announced(a, wrong, mesh.now));
    expect(b.warnings).toEqual(['digest-mismatch']);
    mesh.advance(100);
    expect(b.counts['walks']).toBe(1);
    expect(b.events()).toEqual(['peer join k 1']);
  });

  it('of more entries than are accepted is not shown, until its owner has fewer', () => {
    const { mesh, a, b } = two({ maxEntriesPerPeer: 10 });
    for (let i = 0; i < 11; i += 1) a.join('k', i);
    mesh.advance(10);
    expect(b.table.count).toBe(0);
    expect(b.warnings).toEqual(['overfull']);
    expect(b.replicator.synced).toBe(true);
    a.leave('k');
    mesh.announceAll();
    mesh.advance(100);
    expect(mesh.difference()).toBeUndefined();
    expect(b.table.count).toBe(10);
  });
});
