import { two } from './test-mesh.fixture';

describe('operations that cannot leave', () => {
  it('wait while disconnected and follow after the reconnect', () => {
    const { mesh, a, b } = two();
    a.disconnect();
    a.join('k', 1);
    a.update('k', 2);
    mesh.advance(100);
    expect(a.budget.unsentOperations).toBe(2);
    a.connect();
    mesh.advance(10);
    expect(b.events()).toEqual(['peer join k 1', 'peer update k 2']);
  });

  it('collapse into the number of the last one when too many wait, and peers sync', () => {
    const { mesh, a, b } = two({ maxUnsentOps: 10 });
    a.disconnect();
    for (let i = 0; i < 25; i += 1) a.join('k', i);
    expect(a.warnings).toEqual(['collapsed', 'collapsed']);
    expect(a.budget.unsentOperations).toBeLessThanOrEqual(10);
    a.connect();
    mesh.advance(100);
    expect(b.counts['resyncs-unrepairable']).toBe(1);
    expect(mesh.difference()).toBeUndefined();
  });

  it('wait while the client is behind, and go on after its flush', () => {
    const { mesh, a } = two();
    mesh.flushMs = 50;
    for (let i = 0; i < 40_000; i += 1) a.join('k', i);
    expect(a.budget.unsentOperations).toBeGreaterThan(0);
    mesh.advance(1000);
    expect(a.budget.unsentOperations).toBe(0);
    expect(mesh.difference()).toBeUndefined();
  });
});
