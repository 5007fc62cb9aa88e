import { Writer } from '../wire/codec';
import type { VirtualNode } from '../protocol/virtual-network.fixture';
import { startBody, TAG, writeRepairAsk, writeSyncAsk, writeTail } from './body';
import { difference, entriesOf, streamBody, isStream, three, two } from './synced-nodes.fixture';

/** How many frames a node refused because their bodies cannot be decoded. */
function refusals(node: VirtualNode): number {
  return node.warnings().filter((reason) => reason === 'refused').length;
}

describe('a hostile peer', () => {
  const huge = 2 ** 52 - 1;

  it('a hostile peer cannot make a node throw or change other entries with random, truncated or mutated bytes', () => {
    const { network, a, b, c } = three();
    c.join('s', 'k', 'safe');
    const frames: Uint8Array[] = [];
    network.loses = (message) => {
      if (message.from === 'a' && isStream(message)) frames.push(streamBody(message.bytes).slice());
      return false;
    };
    a.join('s', 'k', 'some text');
    for (let i = 0; i < 50; i += 1) a.join('s', 'k', i);
    network.discoverAll();
    network.run(3000);
    const truth = entriesOf(b, c);
    for (let i = 0; i < 5000; i += 1) {
      const frame = frames[Math.floor(network.random() * frames.length)].slice(
        0,
        network.random() < 0.5 ? undefined : 20,
      );
      for (let flips = 0; flips < 3; flips += 1)
        frame[Math.floor(network.random() * frame.length)] = Math.floor(network.random() * 256);
      for (const kind of ['ops', 'repair', 'sync', 'applied'] as const)
        network.injectStream(a, b, kind, frame);
    }
    expect(b.counts['refused']).toBeGreaterThan(500);
    expect(entriesOf(b, c)).toBe(truth);
  });

  it('a hostile peer changes nothing with impossible numbers', () => {
    const { network, a, b } = two();
    network.injectStream(a, b, 'ops', writeTail(new Writer(), 1, { oldest: huge, last: 3 }));
    network.injectStream(a, b, 'repair', writeRepairAsk(new Writer(), 1, { from: 9, to: 3 }));
    network.injectStream(a, b, 'repair', writeRepairAsk(new Writer(), 1, { from: 1, to: huge }));
    network.injectStream(
      a,
      b,
      'sync',
      writeSyncAsk(new Writer(), 1, { askerRun: huge, session: huge, cursor: huge, credit: huge }),
    );
    network.injectStream(a, b, 'ops', writeTail(new Writer(), 1, { oldest: 1, last: huge }));
    const flood = new Writer();
    startBody(flood, TAG.ops, 1);
    flood.uint(huge);
    flood.uint(huge);
    network.injectStream(a, b, 'ops', flood.finish());
    expect(refusals(b)).toBe(3);
    a.join('s', 'k', 1);
    network.run(30_000);
    network.discoverAll();
    network.run(10_000);
    expect(difference(network)).toBeUndefined();
  });

  it('a bundle may contain only operations and tails of the run that it names', () => {
    const { network, a, b } = two();
    const bundled = (...bodies: readonly Uint8Array[]): void => {
      const writer = new Writer();
      startBody(writer, TAG.bundle, 1);
      for (const body of bodies) writer.bytes(body);
      network.injectStream(a, b, 'repair', writer.finish());
    };
    const tail = (run: number): Uint8Array => writeTail(new Writer(), run, { oldest: 1, last: 1 });
    const empty = new Writer();
    startBody(empty, TAG.bundle, 1);
    bundled(tail(1));
    expect(refusals(b)).toBe(0);
    bundled(tail(2));
    bundled(tail(1), empty.finish());
    bundled(writeRepairAsk(new Writer(), 1, { from: 1, to: 2 }));
    bundled(new Uint8Array(0));
    expect(refusals(b)).toBe(4);
  });

  it('a hostile peer cannot fill the memory with frames ahead of a gap, or with parts that never complete', () => {
    const { network, a, b } = two({ parkingBytes: 100_000 });
    const writer = new Writer();
    for (let number = 10; number < 5000; number += 1) {
      startBody(writer, TAG.ops, 1);
      writer.uint(number * 2);
      writer.uint(1);
      writer.raw(new Uint8Array(100));
      network.injectStream(a, b, 'ops', writer.finish());
      startBody(writer, TAG.part, 1);
      writer.uint(number);
      writer.uint(0);
      writer.uint(2);
      writer.raw(new Uint8Array(100));
      network.injectStream(a, b, 'ops', writer.finish());
    }
    expect(b.protocol.stats().memory.parkingBytes).toBeLessThanOrEqual(50_000);
    expect(b.counts['unparked']).toBeGreaterThan(5000);
    network.leave(a);
    network.run(1);
    expect(b.protocol.stats().memory.parkingBytes).toBe(0);
  });

  it('a hostile peer cannot acknowledge operations for another peer or another run', () => {
    const { network, a, c } = three();
    network.loses = isStream;
    a.join('s', 'k', 1);
    a.replicated('s', 100);
    const writer = new Writer();
    for (const run of [1, 2]) {
      startBody(writer, TAG.appliedAnswer, run);
      writer.uint(huge);
      network.injectStream(c, a, 'applied', writer.finish());
    }
    network.run(200);
    expect(a.toldOf('replicated')).toEqual([{ type: 'replicated', id: 1, laggards: ['b'], connected: true }]);
  });
});
