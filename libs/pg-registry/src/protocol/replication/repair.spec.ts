import { loseBroadcasts, meshOf, two } from './test-mesh.fixture';

describe('a lost frame', () => {
  it('is repaired from the ring when the next one shows the gap, and what came ahead is applied after it', () => {
    const { mesh, a, b } = two();
    const found = loseBroadcasts(mesh, a);
    a.join('k', 1);
    mesh.advance(2);
    found();
    a.join('k', 2);
    mesh.advance(40);
    expect(b.events()).toEqual(['peer join k 1', 'peer join k 2']);
    expect(b.counts['repair-asks']).toBe(1);
    expect(b.counts['walks']).toBeUndefined();
  });

  it('is noticed within 50 ms by the tail probe when it was the last one', () => {
    const { mesh, a, b } = two();
    const found = loseBroadcasts(mesh, a);
    a.join('k', 1);
    mesh.advance(2);
    found();
    mesh.advance(48);
    expect(b.events()).toEqual(['peer join k 1']);
  });

  it('that three peers ask for is broadcast once', () => {
    const mesh = meshOf(['a', 'b', 'c', 'd', 'e', 'f']);
    const [a, ...others] = mesh.nodes;
    const found = loseBroadcasts(mesh, a);
    a.join('k', 1);
    mesh.advance(2);
    found();
    mesh.advance(100);
    for (const other of others) expect(other.events()).toEqual(['peer join k 1']);
    expect(a.counts['repairs-broadcast']).toBe(1);
    expect(a.counts['repairs']).toBe(2);
  });

  it('that is older than the ring leads to a sync with exact events: join, leave and update', () => {
    const { mesh, a, b } = two({ ringBytes: 2000 });
    a.join('gone', 1);
    a.join('kept', 1);
    a.join('changed', 1);
    mesh.advance(10);
    b.events();
    const found = loseBroadcasts(mesh, a);
    a.leave('gone');
    a.update('changed', 2);
    a.join('new', 1);
    for (let i = 0; i < 50; i++) {
      a.join('passing', 'x'.repeat(100));
      a.leave('passing');
      mesh.advance(10);
    }
    found();
    mesh.announceAll();
    mesh.advance(100);
    expect(b.events()).toEqual(['sync leave gone 1', 'sync join new 1', 'sync update changed 2']);
    expect(mesh.difference()).toBeUndefined();
  });

  it('is given up after some asks in vain, and replaced by a sync', () => {
    const { mesh, a, b } = two();
    mesh.filter = (from, _to, kind) => from !== a || (kind !== 'ops' && kind !== 'repair');
    a.join('k', 1);
    mesh.advance(10);
    a.announceTo(b);
    mesh.advance(10_000);
    expect(b.counts['resyncs-unanswered']).toBe(1);
    expect(b.events()).toEqual(['sync join k 1']);
  });
});
