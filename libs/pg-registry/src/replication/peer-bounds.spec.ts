import { Writer } from '../wire';
import type { VirtualNode } from '../protocol/virtual-node.fixture';
import type { Row } from '../table';
import { joinBody, startBody, TAG } from './body';
import { ChunkWriter, startChunk } from './chunk-body';
import {
  difference,
  injectHello,
  isStream,
  synced,
  two,
  unconnected,
  connectAll,
} from './synced-nodes.fixture';

/** A piece of an operation in parts. */
function part(number: number, index: number, parts: number, piece: Uint8Array): Uint8Array {
  const writer = new Writer();
  startBody(writer, TAG.part, 1);
  for (const each of [number, index, parts]) writer.uint(each);
  writer.raw(piece);
  return writer.finish();
}

/** A chunk that is not the next one of a sync: it waits for those before it. */
function farChunk(session: number): Uint8Array {
  const writer = new Writer();
  startChunk(writer, 1, { askerRun: 1, session, from: 5, to: 9, at: 1_000_000 });
  return writer.finish();
}

/** The chunk of a sync that begins at `from`, with so many entries, and is not the last. */
function nextChunk(
  owner: VirtualNode,
  { run, session, from }: { readonly run: number; readonly session: number; readonly from: number },
  rows: number,
): Uint8Array {
  const [body, head] = [new Writer(), new Writer()];
  const chunk = new ChunkWriter(body, 1);
  const [own] = owner.table().rows();
  for (let row = 1; row <= rows; row += 1)
    chunk.add(
      { pid: own.pid, number: from + row, revision: 1, key: from + row, value: null } as Row,
      1_000_000,
    );
  startChunk(head, run, { askerRun: 1, session, from, to: from + Math.max(1, rows), at: 1 });
  return joinBody(head, body.view());
}

const many = { run: 1, last: 50, count: 50, hashHigh: 1, hashLow: 1 };

describe('what a node holds of one peer', () => {
  it('counts every piece of an operation as what its copy takes, and takes none that is empty', () => {
    const { network, a, b } = two({ parkingBytes: 200_000 });
    for (let index = 0; index < 2000; index += 1)
      network.injectStream(a, b, 'ops', part(9, index, 2 ** 20, new Uint8Array(0)));
    expect(b.protocol.stats().memory.parkingBytes).toBe(0);
    for (let index = 0; index < 2000; index += 1)
      network.injectStream(a, b, 'ops', part(9, index, 2 ** 20, Uint8Array.of(1)));
    const { parkingBytes } = b.protocol.stats().memory;
    expect(parkingBytes).toBeGreaterThan(90_000);
    expect(parkingBytes).toBeLessThanOrEqual(100_000);
    expect(b.counts['unparked']).toBeGreaterThan(1500);
  });

  it('lets a peer that floods it lose its own early operations, and not those of others', () => {
    const { network, nodes } = synced(['a', 'b', 'c', 'd'], { parkingBytes: 40_000 });
    const [a, b, c, d] = nodes;
    network.loses = isStream;
    const early = (from: typeof a, number: number, bytes: number): void => {
      const writer = new Writer();
      startBody(writer, TAG.ops, 1);
      writer.uint(number);
      writer.uint(1);
      writer.raw(new Uint8Array(bytes));
      network.injectStream(from, b, 'ops', writer.finish());
    };
    early(d, 10, 500);
    for (let number = 10; number < 200; number += 1) for (const from of [a, c]) early(from, number, 500);
    const full = b.protocol.stats().memory.parkingBytes;
    network.leave(a);
    network.leave(c);
    network.run(1);
    expect(full).toBeLessThanOrEqual(40_000);
    expect(b.protocol.stats().memory.parkingBytes).toBe(820);
  });

  it('shows none of the entries of a peer that take more memory than maxPeerBytes, and all when they are far fewer', () => {
    const { network, a, b } = two({ maxPeerBytes: 200_000 });
    for (let at = 0; at < 400; at += 1) {
      a.join('s', `k${at}`, null, [at]);
      network.run(6);
    }
    expect(b.table().count).toBe(0);
    expect(b.warnings()).toContain('overfull');
    expect(b.protocol.arrivals().overfull).toEqual(['a']);
    expect(b.protocol.stats().memory.peerBytes).toBe(0);
    for (let at = 0; at < 300; at += 1) a.leave('s', `k${at}`, at);
    network.discoverAll();
    network.run(1000);
    expect(difference(network)).toBeUndefined();
    expect(b.protocol.arrivals().overfull).toEqual([]);
    const { peerBytes } = b.protocol.stats().memory;
    expect(peerBytes).toBeGreaterThan(10_000);
    expect(peerBytes).toBeLessThanOrEqual(200_000);
  });

  it('counts the memory of a peer over all scopes', () => {
    const { network, nodes } = unconnected(['a', 'b'], { maxPeerBytes: 200_000 });
    const [a, b] = nodes;
    for (const node of nodes) for (const scope of ['t', 'u']) node.startScope(scope);
    connectAll(network);
    network.run(500);
    for (const scope of ['s', 't', 'u']) {
      for (let at = 0; at < 150; at += 1) a.join(scope, `k${at}`, null, [at]);
      network.run(500);
    }
    expect(['s', 't', 'u'].map((scope) => b.table(scope).count)).toEqual([150, 150, 0]);
    b.stopScope('t');
    expect(b.protocol.stats().memory.peerBytes).toBeLessThan(110_000);
    network.leave(a);
    network.run(10);
    expect(b.protocol.stats().memory.peerBytes).toBe(0);
  });

  it('asks again, ever less often, for entries that took too much although they did not become fewer', () => {
    const { network, a, b } = two({ maxPeerBytes: 200_000 });
    for (let at = 0; at < 50; at += 1) a.join('s', `k${at}`, 'x'.repeat(10_000), [at]);
    network.run(1000);
    expect(b.table().count).toBe(0);
    const walks = b.counts['walks'];
    for (let at = 0; at < 10; at += 1) {
      network.discoverAll();
      network.run(2000);
    }
    expect(b.counts['walks']).toBe(walks);
    for (let at = 0; at < 50; at += 1) a.update('s', `k${at}`, 'small', at);
    network.run(10_000);
    network.discoverAll();
    network.run(1000);
    expect(difference(network)).toBeUndefined();
  });

  it('refuses a frame whose entries take more than maxPeerBytes before it makes them', () => {
    const { network, a, b } = two({ maxPeerBytes: 100_000 });
    a.join(
      's',
      'k',
      Array.from({ length: 5000 }, (_, at) => [at]),
    );
    network.run(1000);
    expect([b.table().count, b.protocol.arrivals().overfull]).toEqual([0, ['a']]);
  });
});

describe('a peer that announces entries and sends none', () => {
  /** Nodes `a` and `b`; `a` loses everything that would bring its entries, and claims that it has some. */
  function silent() {
    const { network, nodes } = unconnected(['a', 'b']);
    const [a, b] = nodes;
    a.join('s', 'k');
    network.loses = (message) => message.from === 'a' && isStream(message);
    connectAll(network);
    return { network, a, b };
  }

  it('is waited for as long as syncPatienceMs, by name, and then asked on without being waited for', () => {
    const { network, b } = silent();
    network.run(1500);
    expect([b.protocol.synced, b.protocol.arrivals().awaited]).toEqual([false, ['a']]);
    network.run(1500);
    expect([b.protocol.synced, b.protocol.arrivals()]).toEqual([
      true,
      { awaited: [], givenUp: ['a'], overfull: [] },
    ]);
    expect(b.warnings()).toContain('syncs-given-up');
    const walks = b.counts['walks'];
    network.run(20_000);
    expect(b.counts['walks'] - walks).toBeGreaterThan(2);
    expect(b.counts['walks'] - walks).toBeLessThan(10);
    network.loses = () => false;
    network.run(5000);
    expect(difference(network)).toBeUndefined();
    expect(b.protocol.arrivals().givenUp).toEqual([]);
  });

  it('is not waited for longer because it sends chunks that cannot be merged', () => {
    const { network, a, b } = silent();
    for (let at = 0; at < 60; at += 1) {
      network.run(50);
      for (let session = 1; session < 8; session += 1) network.injectStream(a, b, 'sync', farChunk(session));
    }
    expect(b.counts['late-chunks']).toBeLessThan(60 * 7); // some were kept
    expect(b.protocol.arrivals()).toMatchObject({ awaited: [], givenUp: ['a'] });
  });

  it('is not waited for anew in each of its lives', () => {
    const { network, a, b } = silent();
    let life = a;
    for (let lives = 0; lives < 6; lives += 1) {
      network.run(600);
      network.kill(life);
      life = network.add({ name: 'a', epoch: 2_000_000 + lives });
      life.startScope('s');
      life.join('s', 'k');
      network.connect(life);
    }
    network.run(600);
    expect(b.protocol.arrivals()).toMatchObject({ awaited: [], givenUp: ['a'] });
  });

  it.each([
    ['chunks without an entry', 10, 0],
    ['an entry now and then', 200, 1],
  ])('is not waited for longer because its sync never ends, with %s', (_, everyMs, rows) => {
    const { network, a, b } = silent();
    for (let at = 0; at < 5000 / everyMs; at += 1) {
      network.run(everyMs);
      for (let session = 1; session < 8; session += 1)
        network.injectStream(a, b, 'sync', nextChunk(a, { run: 1, session, from: at }, rows));
    }
    expect(b.sent.filter((subject) => subject.includes('.sync.')).length).toBeGreaterThan(8); // they were merged
    expect(b.protocol.arrivals()).toMatchObject({ awaited: [], givenUp: ['a'] });
  });

  it('is not waited for anew in each run of its scope, whatever it has sent in the one before', () => {
    const { network, a, b } = silent();
    network.run(10);
    for (let run = 2; run < 12; run += 1) {
      injectHello(network, a, b, { ...many, run });
      network.run(300);
      for (let session = 1; session < 40; session += 1)
        network.injectStream(a, b, 'sync', nextChunk(a, { run, session, from: 0 }, 1500));
      network.run(200);
    }
    expect(b.protocol.arrivals()).toMatchObject({ awaited: [], givenUp: ['a'] });
  });

  it('is not waited for if it never introduces itself completely', () => {
    const { network, a, b } = two();
    network.run(10);
    expect(b.protocol.synced).toBe(true);
    injectHello(network, a, b, many);
    network.run(10);
    expect(b.protocol.synced).toBe(true); // a sync that was complete once is not waited for again
  });
});

describe('a scope in which each node has one entry under a key at most', () => {
  it.each([
    ['as operations', true],
    ['with a sync', false],
  ])('shows nothing of a peer that has several, when they come %s', (_, isMet) => {
    const { network, nodes } = unconnected(['a', 'b', 'c']);
    const [a, b, c] = nodes;
    for (const node of nodes) node.startScope('t', 'duplicate', { onePerKey: true });
    if (isMet) connectAll(network);
    network.run(500);
    for (const node of [a, c]) for (const key of ['k', 'l']) node.join('t', key, null, [1]);
    network.run(500);
    for (let id = 2; id < 500; id += 1) a.join('t', 'k', null, [id]);
    if (!isMet) connectAll(network);
    network.run(1000);
    expect([b.table('t').count, b.protocol.arrivals().overfull]).toEqual([2, ['a']]);
    expect(b.warnings()).toContain('overfull');
    const walks = b.counts['walks'];
    for (let at = 0; at < 10; at += 1) {
      network.discoverAll();
      network.run(1000);
    }
    expect(b.counts['walks']).toBe(walks);
    for (let id = 2; id < 500; id += 1) a.leave('t', 'k', id);
    network.discoverAll();
    network.run(1000);
    expect(b.table('t').count).toBe(4);
  });

  it('takes one for another under the same key, in whatever way it comes', () => {
    const { network, nodes } = unconnected(['a', 'b']);
    const [a, b] = nodes;
    for (const node of nodes) node.startScope('t', 'duplicate', { onePerKey: true });
    connectAll(network);
    for (let id = 1; id < 60; id += 1) {
      if (id > 1) a.leave('t', 'k', id - 1);
      a.join('t', 'k', null, [id]);
      network.loses = ({ kind }) => kind === 'ops' && id % 3 === 0;
      network.run(id % 7 === 0 ? 200 : 3);
    }
    network.loses = () => false;
    network.discoverAll();
    network.run(3000);
    expect([b.table('t').count, b.warnings().includes('overfull')]).toEqual([1, false]);
  });
});
