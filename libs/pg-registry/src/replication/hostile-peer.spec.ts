import { Writer } from '../wire/codec';
import { startBody, TAG, writeRepairAsk, writeSyncAsk, writeTail } from './body';
import { three, two } from './test-mesh.fixture';

describe('a hostile peer', () => {
  const huge = 2 ** 52 - 1;

  it('cannot make us throw or touch other entries with random, truncated or mutated bytes', () => {
    const { mesh, a, b, c } = three();
    c.join('k', 'safe');
    const frames: Uint8Array[] = [];
    mesh.filter = (from, _to, _kind, body) => {
      if (from === a) frames.push(body.slice());
      return true;
    };
    a.join('k', 'some text');
    for (let i = 0; i < 50; i += 1) a.join('k', i);
    mesh.announceAll();
    mesh.advance(3000);
    const truth = JSON.stringify([...b.picture(c.incarnation)]);
    for (let i = 0; i < 5000; i += 1) {
      const frame = frames[Math.floor(mesh.random() * frames.length)].slice(
        0,
        mesh.random() < 0.5 ? undefined : 20,
      );
      for (let flips = 0; flips < 3; flips += 1)
        frame[Math.floor(mesh.random() * frame.length)] = Math.floor(mesh.random() * 256);
      for (const kind of ['ops', 'repair', 'sync', 'applied'] as const) b.receive(a, kind, frame);
    }
    expect(b.counts['refused']).toBeGreaterThan(500);
    expect(JSON.stringify([...b.picture(c.incarnation)])).toBe(truth);
  });

  it('gets nowhere with impossible numbers', () => {
    const { mesh, a, b } = two();
    b.receive(a, 'ops', writeTail(new Writer(), 1, { oldest: huge, last: 3 }));
    b.receive(a, 'repair', writeRepairAsk(new Writer(), 1, { from: 9, to: 3 }));
    b.receive(a, 'repair', writeRepairAsk(new Writer(), 1, { from: 1, to: huge }));
    b.receive(
      a,
      'sync',
      writeSyncAsk(new Writer(), 1, { askerRun: huge, session: huge, cursor: huge, credit: huge }),
    );
    b.receive(a, 'ops', writeTail(new Writer(), 1, { oldest: 1, last: huge }));
    const flood = new Writer();
    startBody(flood, TAG.ops, 1);
    flood.uint(huge);
    flood.uint(huge);
    b.receive(a, 'ops', flood.finish());
    expect(b.counts['refused']).toBe(3);
    a.join('k', 1);
    mesh.advance(30_000);
    mesh.announceAll();
    mesh.advance(10_000);
    expect(mesh.difference()).toBeUndefined();
  });

  it('gets nowhere with a bundle of anything but operations and tails of the run that it names', () => {
    const { a, b } = two();
    const bundled = (...bodies: readonly Uint8Array[]): void => {
      const writer = new Writer();
      startBody(writer, TAG.bundle, 1);
      for (const body of bodies) writer.bytes(body);
      b.receive(a, 'repair', writer.finish());
    };
    const tail = (run: number): Uint8Array => writeTail(new Writer(), run, { oldest: 1, last: 1 });
    const empty = new Writer();
    startBody(empty, TAG.bundle, 1);
    bundled(tail(1));
    expect(b.counts['refused']).toBeUndefined();
    bundled(tail(2));
    bundled(tail(1), empty.finish());
    bundled(writeRepairAsk(new Writer(), 1, { from: 1, to: 2 }));
    bundled(new Uint8Array(0));
    expect(b.counts['refused']).toBe(4);
  });

  it('cannot fill our memory with frames ahead of a gap, or with parts that never complete', () => {
    const { a, b } = two({ parkingBytes: 100_000 });
    const writer = new Writer();
    for (let number = 10; number < 5000; number += 1) {
      startBody(writer, TAG.ops, 1);
      writer.uint(number * 2);
      writer.uint(1);
      writer.raw(new Uint8Array(100));
      b.receive(a, 'ops', writer.finish());
      startBody(writer, TAG.part, 1);
      writer.uint(number);
      writer.uint(0);
      writer.uint(2);
      writer.raw(new Uint8Array(100));
      b.receive(a, 'ops', writer.finish());
    }
    expect(b.budget.parking.size).toBeLessThanOrEqual(50_000);
    expect(b.counts['unparked']).toBeGreaterThan(5000);
    b.perform(b.replicator.peerDown(a.incarnation, 'node-down', 0));
    expect(b.budget.parking.size).toBe(0);
  });

  it('cannot answer a question that was not put to it, or for another run', () => {
    const { mesh, a, b, c } = three();
    mesh.filter = () => false;
    a.join('k', 1);
    a.perform(a.replicator.replicated(1, mesh.now, mesh.now + 100));
    const writer = new Writer();
    for (const run of [1, 2]) {
      startBody(writer, TAG.appliedAnswer, run);
      writer.uint(huge);
      a.receive(c, 'applied', writer.finish());
    }
    mesh.advance(200);
    expect(a.replies).toEqual([{ type: 'replicated', id: 1, laggards: [b.node], connected: true }]);
  });
});
