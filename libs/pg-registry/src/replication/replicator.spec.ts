import { TURN_MS } from '../protocol/virtual-node.fixture';
import { Writer } from '../wire';
import { startBody, TAG } from './body';
import {
  connectAll,
  difference,
  injectHello,
  LATENCY_MS,
  takeEvents,
  two,
  unconnected,
} from './synced-nodes.fixture';

describe('operations', () => {
  it("operations arrive as one event per operation and key, in the owner's order", () => {
    const { network, a, b } = two();
    a.join('s', 'k', 1);
    a.update('s', 'k', 2);
    a.join('s', 'k', 3, [2, 3]);
    a.leave('s', 'k');
    network.run(10);
    expect(takeEvents(b)).toEqual(['peer join k 1', 'peer update k 2', 'peer join k 3,3', 'peer leave k 2']);
    expect(difference(network)).toBeUndefined();
  });

  it('operations leave at once after quiet, then at the end of the turn for a while, and wait for each other at most 5 ms under load', () => {
    const { network, a } = two();
    const waits = (): number => {
      a.sent.length = 0;
      a.join('s', 'k');
      if (a.sent.length > 0) return -1;
      const wait = a.protocol.nextTick.at - network.now;
      if (wait === 0) network.run(TURN_MS);
      return wait;
    };
    expect(Array.from({ length: 9 }, waits)).toEqual([-1, 0, 0, 0, 0, 0, 0, 0, 5]);
    network.run(5);
    expect(waits()).toBe(0);
    network.run(20);
    expect(waits()).toBe(-1);
  });

  it('many operations travel in one frame', () => {
    const { network, a, b } = two();
    const before = network.streamFrames;
    for (let i = 0; i < 5000; i += 1) a.join('s', 'k', i);
    network.run(15);
    expect(b.table().count).toBe(5000);
    expect(network.streamFrames - before).toBeLessThan(6);
  });

  it('operations larger than a frame travel in parts and are applied as a whole', () => {
    const { network, a, b } = two({ maxBodyBytes: 1000 });
    a.join(
      's',
      'k',
      'x',
      Array.from({ length: 2000 }, (_, id) => id),
    );
    network.run(10);
    expect(b.diffs.map(({ diff }) => diff.map(({ rows }) => rows.length))).toEqual([[2000]]);
    a.exit('s', 7);
    network.run(10);
    expect(difference(network)).toBeUndefined();
  });

  it('a write of more than 2,000 entries is several operations, each with its own revision', () => {
    const { network, a, b } = two();
    const ids = Array.from({ length: 4001 }, (_, id) => id);
    a.join('s', 'k', 'x', ids);
    network.run(10);
    const sizes = (): number[] =>
      b.diffs.splice(0).map(({ diff }) => diff.flatMap(({ rows }) => rows).length);
    expect(sizes()).toEqual([2000, 2000, 1]);
    expect([a.protocol.stream('s').operations.last, difference(network)]).toEqual([3, undefined]);
    a.update('s', 'k', 'y', 7);
    for (const id of ids) a.join('s', `k${id}`, null, [7]);
    network.run(100);
    sizes();
    a.exit('s', 7);
    network.run(100);
    expect(sizes()).toEqual([2000, 2000, 2]);
    network.discoverAll();
    network.run(1000);
    expect([difference(network), b.warnings()]).toEqual([undefined, []]);
  });

  it('an operation of more than 2,000 entries, which an older node makes, is replaced by a sync', () => {
    const { network, a, b } = two();
    a.join('s', 'k', 'x', [1, 2, 3]);
    network.run(100);
    const writer = new Writer();
    startBody(writer, TAG.ops, 1);
    for (const number of [2, 1, 2001 * 8 + 3]) writer.uint(number);
    for (let at = 0; at < 2001; at += 1) writer.uint(2);
    writer.u8(0);
    network.injectStream(a, b, 'ops', writer.finish());
    expect(b.table().count).toBe(3);
    network.run(1000);
    expect([b.counts['resyncs-too-large'], difference(network)]).toEqual([1, undefined]);
  });

  it('an end of a process with many large keys is replaced by a sync, which removes them in several turns', () => {
    const { network, a, b } = two({ rowsPerTurn: 100 });
    for (let nth = 0; nth < 40; nth += 1)
      a.join('s', [nth, ...Array.from({ length: 1500 }, () => 1)], null, [1]);
    a.join('s', 'stays', null, [2]);
    network.run(5000);
    expect(b.table().count).toBe(41);
    b.diffs.length = 0;
    a.exit('s', 1);
    network.run(10_000);
    expect([b.table().count, b.counts['resyncs-too-large'], difference(network)]).toEqual([1, 1, undefined]);
    const left = b.diffs.map(({ diff }) => diff.flatMap(({ rows }) => rows).length);
    expect(Math.max(...left)).toBeLessThan(10);
  });

  it('the operations of one frame are applied in several turns, in their order', () => {
    const { network, a, b } = two({ rowsPerTurn: 100 });
    for (let at = 0; at < 1000; at += 1) a.join('s', 'k', at);
    b.diffs.length = 0;
    const counts: number[] = [];
    for (let moment = 0; moment < 500; moment += 1) {
      network.run(0.02);
      if (b.table().count !== counts.at(-1)) counts.push(b.table().count);
    }
    const steps = counts.slice(1).map((count, at) => count - counts[at]);
    expect(Math.max(...steps)).toBeLessThanOrEqual(100);
    expect(b.diffs.map(({ diff }) => diff[0].rows[0].number)).toEqual(
      b.diffs.map(({ diff }) => diff[0].rows[0].number).toSorted((x, y) => x - y),
    );
    expect([b.table().count, difference(network)]).toEqual([1000, undefined]);
    expect([b.counts['unparked'], b.counts['repair-asks']]).toEqual([undefined, undefined]);
  });

  it('operations larger than maxOpBytes are replaced by a sync, and fits() tells so beforehand', () => {
    const { network, a, b } = two({ maxOpBytes: 75_000, maxBodyBytes: 50_000 });
    expect(a.protocol.stream('s').fits(100)).toBe(true);
    expect(a.protocol.stream('s').fits(400)).toBe(false);
    const value = 'x'.repeat(74_900);
    const ids = Array.from({ length: 400 }, (_, id) => id);
    a.join('s', 'k', value, ids);
    network.run(1000);
    expect(a.warnings()).toEqual(['collapsed']);
    expect(b.table().count).toBe(400);
  });

  it('operations are only counted while nobody follows, and a peer that comes later syncs', () => {
    const { network, nodes } = unconnected(['a', 'b']);
    const [a, b] = nodes;
    for (let i = 0; i < 100; i += 1) a.join('s', 'k', i);
    expect(a.protocol.stream('s').operations.last).toBe(100);
    expect(a.protocol.stats().memory.ringBytes).toBe(0);
    expect(a.protocol.nextTick.at).toBe(Infinity);
    connectAll(network);
    expect(b.protocol.synced).toBe(false);
    network.run(10);
    expect(b.protocol.stream('s').synced).toBe(true);
    expect(b.protocol.stream('s').appliedOf(a.incarnation)).toBe(100);
    expect(takeEvents(b)[0]).toMatch(/^sync join k 0,1,2/);
  });

  it('operations that arrive twice change nothing', () => {
    const { network, a, b } = two();
    network.faults = { loss: 0, duplication: 1, delayMs: 0 };
    a.join('s', 'k', 1);
    network.run(100);
    expect(takeEvents(b)).toEqual(['peer join k 1']);
    expect(b.counts['known-operations']).toBeGreaterThan(0);
  });
});

describe('a stream', () => {
  it('all entries of a peer that is gone leave in one diff, one change per key', () => {
    const { network, a, b } = two();
    a.join('s', 'k', 1);
    a.join('s', 'k', 2);
    a.join('s', 'l', 3);
    b.join('s', 'k', 'own');
    network.run(10);
    takeEvents(b);
    network.leave(a);
    network.run(1);
    expect(takeEvents(b).toSorted()).toEqual(['node-down leave k 2,1', 'node-down leave l 3']);
    expect(b.table().count).toBe(1);
    expect(b.protocol.stream('s').appliedOf(a.incarnation)).toBeUndefined();
  });

  it('entries of an earlier run leave at once when a later run is announced, and the new ones come by sync', () => {
    const { network, a, b } = two();
    a.join('s', 'k', 1);
    network.run(10);
    takeEvents(b);
    a.stopScope('s');
    a.startScope('s');
    a.join('s', 'k', 2);
    network.run(2 * LATENCY_MS);
    expect(takeEvents(b)).toEqual(['peer leave k 1']);
    network.run(10);
    expect(takeEvents(b)).toEqual(['sync join k 2']);
  });

  it('frames and hellos of an earlier run that arrive late change nothing', () => {
    const { network, a, b } = two();
    network.loses = ({ kind, subject, bytes }) => {
      if (kind === 'ops') network.at(40, () => network.inject(b, subject, bytes));
      return kind === 'ops';
    };
    a.join('s', 'k', 1);
    const old = a.protocol.stream('s').digest();
    a.stopScope('s');
    a.startScope('s');
    network.run(100);
    expect(b.table().count).toBe(0);
    expect(b.counts['foreign-run']).toBe(1);
    injectHello(network, a, b, old);
    expect(b.protocol.stream('s').appliedOf(a.incarnation)).toBe(0);
    expect(b.table().count).toBe(0);
  });

  it('operations of a stream that was not announced are not applied, and its peer is asked for its hello', () => {
    const { network, a, b } = two();
    a.stopScope('s');
    network.run(2000);
    network.loses = ({ from, kind }) => from === 'a' && kind === 'hello';
    a.startScope('s');
    network.run(10);
    b.sent.length = 0;
    a.join('s', 'k', 1);
    network.run(10);
    expect(b.table().count).toBe(0);
    expect(b.sent).toEqual([b.protocol.subjects.to('a', 'discover')]);
  });

  it('a node warns and syncs again if a digest differs at the same operation', () => {
    const { network, a, b } = two();
    a.join('s', 'k', 1);
    network.run(10);
    const wrong = { ...a.protocol.stream('s').digest(), hashLow: 1 };
    injectHello(network, a, b, wrong);
    expect(b.warnings()).toEqual(['digest-mismatch']);
    network.run(100);
    expect(b.counts['walks']).toBe(1);
    expect(takeEvents(b)).toEqual(['peer join k 1']);
  });

  it('entries of a peer with more than maxEntriesPerPeer are not shown until it has fewer', () => {
    const { network, a, b } = two({ maxEntriesPerPeer: 10 });
    for (let i = 0; i < 11; i += 1) a.join('s', 'k', i);
    network.run(10);
    expect(b.table().count).toBe(0);
    expect(b.warnings()).toEqual(['overfull']);
    expect(b.protocol.stream('s').synced).toBe(true);
    a.leave('s', 'k');
    network.discover(b, a);
    network.run(100);
    expect(difference(network)).toBeUndefined();
    expect(b.table().count).toBe(10);
  });
});
