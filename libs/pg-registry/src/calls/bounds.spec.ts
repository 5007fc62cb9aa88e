import { Writer } from '../wire';
import { writeToken } from './frames/call-token';
import { ITEM } from './frames/item-kinds';
import { FakeCluster, type FakeNode, failureOf, turn } from './calls.fixture';

/** Handlers that run until they are told to end. */
class Held {
  running = 0;
  readonly #ends: (() => void)[] = [];

  readonly hold = (): Promise<string> => {
    this.running += 1;
    return new Promise((resolve) => this.#ends.push(() => resolve('done')));
  };

  endAll(): void {
    for (const end of this.#ends.splice(0)) end();
    this.running = 0;
  }
}

describe.each([1, 2] as const)(
  'what one peer can make a node hold, in version %i of the protocol',
  (version) => {
    let cluster: FakeCluster;
    let a: FakeNode;
    let held: Held;

    beforeEach(() => {
      cluster = new FakeCluster(version);
      a = cluster.node('a');
      held = new Held();
    });

    const limited = (limits: Partial<{ calls: number; bytes: number; watches: number }>): FakeNode =>
      cluster.node('b', {
        callLimits: {
          maxCallsPerPeer: limits.calls ?? 10_000,
          maxCallBytesPerPeer: limits.bytes ?? 1e9,
          maxWatchesPerPeer: limits.watches ?? 100_000,
        },
      });

    it('refuses calls beyond maxCallsPerPeer with MAILBOX_FULL, and takes them again when others have ended', async () => {
      const b = limited({ calls: 10 });
      const { pid } = b.serve({ hold: held.hold });
      const taken = Array.from({ length: 10 }, () => a.service.call(pid, 'hold'));
      const refused = await failureOf(a.service.call(pid, 'hold'));
      expect(refused).toMatchObject({
        code: 'MAILBOX_FULL',
        message: expect.stringContaining('maxCallsPerPeer') as string,
      });
      await turn();
      expect(held.running).toBe(10);
      // Another peer is not concerned.
      const c = cluster.node('c').service.call(pid, 'hold');
      await turn();
      expect(held.running).toBe(11);
      expect(b.calls.stats().warnings['too-many-messages']).toBe(1);
      held.endAll();
      await Promise.all([...taken, c]);
      const again = a.service.call(pid, 'hold');
      await turn();
      held.endAll();
      await expect(again).resolves.toBe('done');
    });

    it('counts a call until its handler has ended, also if its caller gave up at once', async () => {
      const b = limited({ calls: 10 });
      const { pid } = b.serve({ hold: held.hold });
      for (let i = 0; i < 60; i += 1) {
        const abort = new AbortController();
        const failed = failureOf(a.service.call(pid, 'hold', null, { signal: abort.signal }));
        await turn();
        abort.abort();
        await failed;
      }
      await turn();
      expect([held.running, b.calls.stats().inFlight]).toEqual([10, 10]);
    });

    it('drops casts beyond maxCallsPerPeer and counts them', async () => {
      const b = limited({ calls: 5 });
      const { pid } = b.serve({}, { casts: { hold: held.hold } });
      for (let i = 0; i < 20; i += 1) a.service.cast(pid, 'hold');
      await turn();
      expect([held.running, b.calls.stats().warnings['too-many-messages']]).toEqual([5, 15]);
    });

    it('refuses calls beyond maxCallBytesPerPeer, and takes one larger call alone', async () => {
      const b = limited({ bytes: 50_000 });
      const { pid } = b.serve({ hold: held.hold });
      const large = a.service.call(pid, 'hold', 'x'.repeat(60_000));
      await expect(failureOf(a.service.call(pid, 'hold'))).resolves.toMatchObject({ code: 'MAILBOX_FULL' });
      held.endAll();
      await large;
      for (let i = 0; i < 4; i += 1) void failureOf(a.service.call(pid, 'hold', 'x'.repeat(20_000)));
      await turn();
      expect(held.running).toBe(2);
    });

    it('counts calls by what they take in memory, not by the fewer bytes that they take on their way', async () => {
      const b = limited({ bytes: 1_000_000 });
      const { pid } = b.serve({ hold: held.hold });
      // 4 KB on the wire.
      const payload = Array.from({ length: 2000 }, () => [1]);
      for (let i = 0; i < 20; i += 1) void failureOf(a.service.call(pid, 'hold', payload));
      await turn();
      expect([held.running, b.calls.stats().warnings['too-many-messages']]).toEqual([2, 18]);
    });

    it('reads no message that takes more memory than one frame may', async () => {
      const b = cluster.node('b', { maxHeapBytes: 100_000 });
      const { pid } = b.serve({ hold: held.hold });
      const payload = Array.from({ length: 2000 }, () => [1]);
      await expect(failureOf(a.service.call(pid, 'hold', payload))).resolves.toMatchObject({
        code: 'VALUE_TOO_LARGE',
      });
      expect(held.running).toBe(0);
    });

    it('bounds the calls of all nodes together that are no peers, and cancels them if they do not become peers', async () => {
      const b = limited({ calls: 10 });
      const { pid } = b.serve({ hold: held.hold });
      void failureOf(a.service.call(pid, 'hold'));
      await turn();
      const { body } = cluster.frames.find(({ kind }) => kind === 'call')!;
      const kind = version === 1 ? 'call' : 'bundle';
      cluster.availabilities.set('stranger', 'unknown');
      for (let life = 0; life < 60; life += 1) {
        const from = { node: 'stranger', incarnation: `000000000000ff${life.toString(16).padStart(2, '0')}` };
        b.calls.port.receive({
          kind,
          from,
          isFromPeer: false,
          body,
          reply: version === 1 ? 'stranger x' : '',
          token: '',
        });
      }
      await turn();
      expect([held.running, b.calls.stats().serving]).toEqual([11, 11]);
      cluster.timers.advance(31_000);
      expect(b.calls.stats().serving).toBe(1);
      held.endAll();
    });

    it('refuses watches beyond maxWatchesPerPeer, also while their ends are not acknowledged', async () => {
      const b = limited({ watches: 3 });
      const processes = Array.from({ length: 5 }, () => b.processes.spawn());
      const told: unknown[] = [];
      for (const { pid } of processes) a.service.monitor(pid).subscribe(({ reason }) => told.push(reason));
      await turn();
      expect(told).toEqual(['system_limit', 'system_limit']);
      expect(b.calls.stats()).toMatchObject({ watched: 3, warnings: { 'too-many-watches': 2 } });
      cluster.lose = ({ from, kind }) => from === 'a' && kind === 'watch';
      processes[0].exit('gone');
      await turn();
      expect(b.calls.stats()).toMatchObject({ watched: 3, unacknowledged: 1 });
      b.calls.peerRemoved({ node: 'a', incarnation: a.incarnation });
      expect(b.calls.stats()).toMatchObject({ watched: 0, unacknowledged: 0 });
    });

    it('forgets the watches of a peer that goes without a look at what others watch', async () => {
      const [b, c] = [limited({}), cluster.node('c')];
      const pids = Array.from({ length: 500 }, () => b.processes.spawn().pid);
      for (const pid of pids) a.service.monitor(pid).subscribe();
      c.service.monitor(pids[0]).subscribe();
      await turn();
      expect(b.calls.stats().watched).toBe(501);
      const looks = jest.spyOn(Map.prototype, 'delete');
      b.calls.peerRemoved({ node: 'c', incarnation: c.incarnation });
      const looked = looks.mock.calls.length;
      looks.mockRestore();
      expect(looked).toBeLessThan(20);
      expect(b.calls.stats().watched).toBe(500);
    });

    it('tells of a lost peer in several turns if it has many watched processes, calls under way here, and calls of this node', async () => {
      const b = limited({});
      const cancelled = jest.fn();
      const hold: (payload: unknown, call: { signal: AbortSignal }) => Promise<never> = (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            cancelled();
            cluster.timers.advance(1 / 64);
            reject(new Error('cancelled'));
          });
        });
      const [onB, onA] = [b.serve({ hold }).pid, a.serve({ hold }).pid];
      const told = jest.fn();
      for (let i = 0; i < 2500; i += 1) b.service.monitor(a.processes.spawn().pid).subscribe(told);
      const options = { timeoutMs: Infinity };
      const calls = Array.from({ length: 700 }, () => [
        a.service.call(onB, 'hold', null, options).catch(() => undefined),
        b.service.call(onA, 'hold', null, options).catch(() => undefined),
      ]);
      await turn();
      expect(b.calls.stats()).toMatchObject({ serving: 700, pendingRemote: 700, monitors: 2500 });
      b.calls.peerRemoved({ node: 'a', incarnation: a.incarnation });
      expect([cancelled.mock.calls.length, b.calls.stats().pendingRemote, told.mock.calls.length]).toEqual([
        640, 200, 2000,
      ]);
      await turn();
      expect([cancelled.mock.calls.length, b.calls.stats().pendingRemote, told.mock.calls.length]).toEqual([
        700, 0, 2500,
      ]);
      await Promise.all(calls.map(([, own]) => own));
    });

    it('tells handlers in several turns that nobody waits, if what they do then takes long', async () => {
      const b = limited({});
      const told: number[] = [];
      let round = 0;
      const hold: (payload: unknown, call: { signal: AbortSignal }) => Promise<never> = (_, { signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            told.push(round);
            cluster.timers.advance(1);
          });
        });
      const { pid } = b.serve({ hold });
      const controller = new AbortController();
      const options = { timeoutMs: Infinity, signal: controller.signal };
      const calls = Array.from({ length: 40 }, () =>
        a.service.call(pid, 'hold', null, options).catch(() => undefined),
      );
      await turn();
      controller.abort();
      for (; round < 20; round += 1) {
        // oxlint-disable-next-line no-await-in-loop
        await new Promise(setImmediate);
      }
      await Promise.all(calls);
      expect(told).toHaveLength(40);
      expect(Math.max(...told.map((each) => told.filter((other) => other === each).length))).toBeLessThan(21);
    });

    it('repeats few of many watches that a peer does not acknowledge', async () => {
      const b = limited({});
      const pids = Array.from({ length: 3000 }, () => b.processes.spawn().pid);
      cluster.lose = ({ from }) => from === 'b';
      for (const pid of pids) a.service.monitor(pid).subscribe();
      await turn();
      cluster.timers.advance(20_000);
      await turn();
      const before = cluster.frames.length;
      cluster.timers.advance(60_000);
      await turn();
      const bytes = cluster.frames.slice(before).reduce((sum, { body }) => sum + body.length, 0);
      expect(bytes / 60).toBeLessThan(1000);
      // As soon as it acknowledges some, the others follow quickly.
      cluster.lose = () => false;
      for (let i = 0; i < 40 && a.calls.stats().unacknowledged > 0; i += 1) {
        cluster.timers.advance(250);
        await turn();
      }
      expect(a.calls.stats().unacknowledged).toBe(0);
      expect(b.calls.stats().watched).toBe(3000);
    });

    it('asserts its watches again at most once a second however often a peer asks for them', async () => {
      const b = limited({});
      for (let i = 0; i < 300; i += 1) a.service.monitor(b.processes.spawn().pid).subscribe();
      await turn();
      cluster.lose = ({ from }) => from === 'b';
      const before = cluster.frames.length;
      const again = version === 1 ? [2] : [15, 1, 0, 0, 0, 2];
      for (let i = 0; i < 500; i += 1)
        a.receive(b, { kind: version === 1 ? 'down' : 'bundle', body: Uint8Array.from(again) });
      await turn();
      expect(cluster.frames.slice(before).filter(({ from }) => from === 'a').length).toBeLessThan(110);
    });

    it('answers a peer of which it watches nothing at most once a second, too', async () => {
      const [b, c] = [limited({}), cluster.node('c')];
      const again = version === 1 ? [2] : [15, 1, 0, 0, 0, 2];
      const ask = (from: FakeNode): void =>
        a.receive(from, { kind: version === 1 ? 'down' : 'bundle', body: Uint8Array.from(again) });
      const answered = async (): Promise<number> => {
        await turn();
        return cluster.frames.splice(0).filter(({ from }) => from === 'a').length;
      };
      for (let i = 0; i < 500; i += 1) ask(b);
      expect(await answered()).toBe(1);
      ask(c);
      expect(await answered()).toBe(1);
      cluster.timers.advance(1000);
      ask(c);
      expect(await answered()).toBe(1);
    });
  },
);

it('reads no item that begins behind the first 16 KB of a bundle, because no node writes one', async () => {
  const cluster = new FakeCluster();
  const [a, b] = [cluster.node('a'), cluster.node('b')];
  const item = b.bodyOfCast(a, 1);
  await turn();
  const counted = b.collect();
  const bundle = new Writer();
  for (let bytes = 0; bytes < 1_000_000; bytes += item.length) bundle.raw(item);
  b.receive(a, { kind: 'bundle', body: bundle.finish() });
  expect(counted.casts()).toBe(Math.ceil((16 * 1024) / item.length));
  expect(b.warnings.at(-1)).toMatch(/^malformed-frame: .* behind the first 16384 bytes/);
});

/** Writes the request of a call to a process with this number. */
function callTo(idOf: (number: number) => number) {
  return (writer: Writer, number: number, incarnation: string): void => {
    writer.u8(0);
    writer.hex(incarnation);
    writer.uint(idOf(number));
    writer.uint(1);
    writer.string('x');
    writer.value(null);
  };
}

describe('What a node is answered to many small items', () => {
  const ITEMS: readonly (readonly [
    string,
    number,
    (writer: Writer, number: number, incarnation: string) => void,
  ])[] = [
    [
      'questions about calls that are not here',
      ITEM.cancel,
      (writer) => {
        writer.u8(2);
        writer.string('');
      },
    ],
    ['calls that cannot be read', ITEM.call, () => undefined],
    ['calls to a process that is not here', ITEM.call, callTo((number) => 1000 + number)],
    ['calls to the root process', ITEM.call, callTo(() => 0)],
  ];

  it.each(ITEMS)('takes at most ten times their bytes: %s', async (_, kind, write) => {
    const cluster = new FakeCluster();
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    const bundle = new Writer();
    for (let number = 1; number <= 90; number += 1) {
      bundle.u8(kind);
      const start = bundle.startPart();
      writeToken(bundle, { number, high: 1, low: 1 });
      write(bundle, number, a.incarnation);
      bundle.u32(bundle.length - start, start - 4);
    }
    const body = bundle.finish();
    a.receive(b, { kind: 'bundle', body });
    await turn();
    const bytes = a.publishedBytes.reduce((sum, each) => sum + each, 0);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes / body.length).toBeLessThan(10);
  });
});
