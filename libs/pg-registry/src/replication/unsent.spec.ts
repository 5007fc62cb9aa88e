import { difference, takeEvents, two } from './synced-nodes.fixture';

describe('operations that cannot leave', () => {
  it('operations wait while the node is disconnected and follow after the reconnect', () => {
    const { network, a, b } = two();
    network.disconnect(a);
    a.join('s', 'k', 1);
    a.update('s', 'k', 2);
    network.run(100);
    expect(a.protocol.stats().memory.unsentOperations).toBe(2);
    network.connect(a);
    network.run(10);
    expect(takeEvents(b)).toEqual(['peer join k 1', 'peer update k 2']);
  });

  it('operations collapse into the number of the last one when too many wait, and peers sync', () => {
    const { network, a, b } = two({ maxUnsentOps: 10 });
    network.disconnect(a);
    for (let i = 0; i < 25; i += 1) a.join('s', 'k', i);
    expect(a.warnings()).toEqual(['collapsed', 'collapsed']);
    expect(a.protocol.stats().memory.unsentOperations).toBeLessThanOrEqual(10);
    network.connect(a);
    network.run(100);
    expect(b.counts['resyncs-unrepairable']).toBe(1);
    expect(difference(network)).toBeUndefined();
  });

  it('operations wait while the client is behind, and go on after its flush', () => {
    const { network, a } = two();
    network.flushMs = 50;
    for (let i = 0; i < 40_000; i += 1) a.join('s', 'k', i);
    expect(a.protocol.stats().memory.unsentOperations).toBeGreaterThan(0);
    network.run(1000);
    expect(a.protocol.stats().memory.unsentOperations).toBe(0);
    expect(difference(network)).toBeUndefined();
  });
});
