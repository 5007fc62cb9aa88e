import type { VirtualNetwork, VirtualNode } from '../protocol/virtual-network.fixture';
import { MAX_CHUNK_ROWS } from './chunk-body';
import { connectAll, difference, loseBroadcasts, two, unconnected } from './synced-nodes.fixture';

describe('a sync', () => {
  it('a sync walks a large table in chunks while its owner goes on writing', () => {
    const { network, nodes } = unconnected(['a', 'b']);
    const [a, b] = nodes;
    for (let i = 0; i < 7000; i += 1) a.join('s', `k${i % 100}`, i, [i % 50]);
    connectAll(network);
    for (let i = 0; i < 60; i += 1) {
      a.join('s', 'late', i, [51]);
      a.update('s', 'k1', -i, 1);
      a.leave('s', 'k2', 2);
      network.run(0.3);
    }
    network.run(100);
    expect(a.counts['chunks']).toBeGreaterThan(3);
    expect(difference(network)).toBeUndefined();
    expect(b.counts['walks']).toBe(1);
  });

  it('a sync resumes at its cursor when chunks are lost', () => {
    const { network, nodes } = unconnected(['a', 'b']);
    const [a] = nodes;
    for (let i = 0; i < 9000; i += 1) a.join('s', 'k', i);
    let chunks = 0;
    network.loses = ({ from, kind }) => from === 'a' && kind === 'sync' && (chunks += 1) === 3;
    connectAll(network);
    network.run(2000);
    expect(difference(network)).toBeUndefined();
    expect(chunks).toBeLessThan(9);
  });

  it('a node serves one sync chunk per turn, to its askers in turn', () => {
    const { network, nodes } = unconnected(['a', 'b', 'c', 'd']);
    const [a, ...others] = nodes;
    for (let i = 0; i < 5000; i += 1) a.join('s', 'k', i);
    const served: string[] = [];
    network.loses = ({ from, to, kind }) => {
      if (from === 'a' && kind === 'sync') served.push(to);
      return false;
    };
    connectAll(network);
    network.run(0.6);
    for (const other of others) expect(other.table().count).toBe(0);
    network.run(100);
    expect(new Set(served.slice(0, 3)).size).toBe(3);
    expect(difference(network)).toBeUndefined();
  });

  it('a sync is held back while the client is behind', () => {
    const { network, nodes } = unconnected(['a', 'b'], { maxUnflushedBytes: 20_000 });
    const [a] = nodes;
    for (let i = 0; i < 8000; i += 1) a.join('s', 'k', i);
    connectAll(network);
    network.run(0.3); // subscribed by now, and no chunk sent yet
    network.flushMs = 1000;
    network.run(900);
    expect(a.counts['chunks']).toBe(2);
    network.flushMs = 1;
    network.run(10_000);
    expect(difference(network)).toBeUndefined();
  });
});

describe('chunks of several owners that come at once', () => {
  it('are merged one in a turn, also while their owners go on writing', () => {
    const { network, nodes } = unconnected(['a', 'b', 'c', 'd', 'e'], { rowsPerTurn: 100 });
    const [late, ...owners] = nodes;
    for (const owner of owners) for (let i = 0; i < 150; i += 1) owner.join('s', `k${i % 7}`, i);
    late.stopScope('s');
    for (const node of nodes) network.connect(node);
    network.run(500);
    late.startScope('s');
    let most = 0;
    for (let moment = 0; moment < 1000; moment += 1) {
      const before = late.table().count;
      network.run(0.01);
      most = Math.max(most, late.table().count - before);
      if (moment % 100 === 0) for (const owner of owners) owner.update('s', 'k1', moment, 1);
    }
    expect(late.table().count).toBe(600);
    expect(most).toBe(150);
    network.run(500);
    expect(difference(network)).toBeUndefined();
    expect(late.counts).not.toHaveProperty('overtaken-chunks');
    expect(late.counts).not.toHaveProperty('repair-asks');
  });
});

describe('a chunk that costs more than a turn has room for', () => {
  /** Runs until nothing changes any more. @returns How many entries more or fewer a node had after each step in which their number changed */
  function stepsOf(network: VirtualNetwork, node: VirtualNode, meanwhile = (): void => undefined): number[] {
    const steps: number[] = [];
    for (let moment = 0; moment < 20_000; moment += 1) {
      const before = node.table().count;
      network.run(0.05);
      if (moment % 40 === 0) meanwhile();
      if (node.table().count !== before) steps.push(node.table().count - before);
    }
    return steps;
  }

  /** Entries of a node leave, of which the other one hears by a sync only. @returns Its steps, see {@link stepsOf} */
  function afterMassExit(entries: number, options: { readonly parkingBytes?: number }) {
    const { network, a, b } = two({ rowsPerTurn: 10, ringBytes: 1, ...options });
    a.join('s', 'stays', 0);
    for (let i = 0; i < entries; i += 1) a.join('s', 'k', i, [9]);
    stepsOf(network, b);
    const restore = loseBroadcasts(network, a);
    a.exit('s', 9);
    network.run(100);
    restore();
    a.join('s', 'stays', 1);
    const steps = stepsOf(network, b);
    return { network, b, steps };
  }

  it('is merged in parts, while its owner goes on writing', () => {
    const { network, nodes } = unconnected(['a', 'b'], { rowsPerTurn: 10 });
    const [owner, late] = nodes;
    for (let i = 0; i < 500; i += 1) owner.join('s', ['key', i % 7], i);
    late.stopScope('s');
    for (const node of nodes) network.connect(node);
    network.run(500);
    late.startScope('s');
    let written = 0;
    const steps = stepsOf(network, late, () => owner.update('s', ['key', 1], (written += 1), 1));
    expect(steps.length).toBeGreaterThan(25);
    expect(Math.max(...steps)).toBeLessThanOrEqual(20);
    expect(difference(network)).toBeUndefined();
    expect(late.counts).not.toHaveProperty('overtaken-chunks');
    expect(late.counts).not.toHaveProperty('repair-asks');
    expect(late.counts).not.toHaveProperty('stalled-walks');
  });

  it('lets entries that are gone leave in parts', () => {
    const { network, b, steps } = afterMassExit(500, {});
    expect(b.counts['resyncs-unrepairable']).toBe(1);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(-20);
    expect([b.table().count, difference(network)]).toEqual([2, undefined]);
  });

  it('is merged whole if there is no room for the rest', () => {
    const { network, nodes } = unconnected(['a', 'b'], { rowsPerTurn: 10, parkingBytes: 1000 });
    const [owner, late] = nodes;
    for (let i = 0; i < 100; i += 1) owner.join('s', 'key', i);
    for (const node of nodes) network.connect(node);
    network.run(30_000);
    expect(difference(network)).toBeUndefined();
    expect(late.counts).not.toHaveProperty('stalled-walks');
  });

  it('is merged whole if there is no room for the rest and most of its entries are known', () => {
    const { network, a, b } = two({ rowsPerTurn: 1, ringBytes: 1, parkingBytes: 1000 });
    for (let i = 0; i < 1000; i += 1) a.join('s', `k${i % 7}`, i, [i]);
    network.run(1000);
    const restore = loseBroadcasts(network, a);
    a.update('s', 'k1', 'new', 1);
    network.run(100);
    restore();
    a.join('s', 'late');
    network.run(30_000);
    expect(b.counts['resyncs-unrepairable']).toBe(1);
    expect(difference(network)).toBeUndefined();
    expect(a.counts['chunks']).toBe(1);
  });

  it('is asked for again from where it was merged if there is no room for the rest, in which many entries leave', () => {
    const { network, b, steps } = afterMassExit(5000, { parkingBytes: 100 });
    network.run(60_000);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(-2 * MAX_CHUNK_ROWS);
    expect(b.counts['stalled-walks']).toBe(1);
    expect([b.table().count, difference(network)]).toEqual([2, undefined]);
  });
});
