import { TestMesh } from './test-mesh.fixture';

describe('a sync', () => {
  it('walks a large table in chunks while its owner goes on writing', () => {
    const mesh = new TestMesh(['a', 'b']);
    const [a, b] = mesh.nodes;
    for (let i = 0; i < 7000; i += 1) a.join(`k${i % 100}`, i, i % 50);
    mesh.announceAll();
    for (let i = 0; i < 60; i += 1) {
      a.join('late', i, 51);
      a.update('k1', -i, 1);
      a.leave('k2', 2);
      mesh.advance(0.3);
    }
    mesh.advance(100);
    expect(a.counts['chunks']).toBeGreaterThan(3);
    expect(mesh.difference()).toBeUndefined();
    expect(b.counts['walks']).toBe(1);
  });

  it('resumes at its cursor when chunks are lost', () => {
    const mesh = new TestMesh(['a', 'b']);
    const [a] = mesh.nodes;
    for (let i = 0; i < 9000; i += 1) a.join('k', i);
    let chunks = 0;
    mesh.filter = (from, _to, kind) => from !== a || kind !== 'sync' || (chunks += 1) !== 3;
    mesh.announceAll();
    mesh.advance(2000);
    expect(mesh.difference()).toBeUndefined();
    expect(chunks).toBeLessThan(9);
  });

  it('is served one chunk per turn, the askers in turn', () => {
    const mesh = new TestMesh(['a', 'b', 'c', 'd']);
    const [a, ...others] = mesh.nodes;
    for (let i = 0; i < 5000; i += 1) a.join('k', i);
    const served: string[] = [];
    mesh.filter = (from, to, kind) => {
      if (from === a && kind === 'sync') served.push(to.node);
      return true;
    };
    for (const other of others) a.announceTo(other);
    mesh.advance(0.2);
    for (const other of others) expect(other.table.count).toBe(0);
    mesh.advance(100);
    expect(new Set(served.slice(0, 3)).size).toBe(3);
    expect(mesh.difference()).toBeUndefined();
  });

  it('is held back while the client is behind', () => {
    const mesh = new TestMesh(['a', 'b'], { maxUnflushedBytes: 20_000 });
    mesh.flushMs = 1000;
    const [a] = mesh.nodes;
    for (let i = 0; i < 8000; i += 1) a.join('k', i);
    mesh.announceAll();
    mesh.advance(900);
    expect(a.counts['chunks']).toBe(2);
    mesh.flushMs = 1;
    mesh.advance(10_000);
    expect(mesh.difference()).toBeUndefined();
  });
});
