import { CallTimeoutError, ReentrantCallError, TransportError, type Value } from '../term';
import { FakeCluster, expectNoLeak, failureOf, ManualTimers, never, turn } from './calls.fixture';
import type { CallContext } from './call-context';
import type { Handler } from './handlers';
import type { LocalProcess } from '../lifetime/local-process';
import { via } from './via';

describe('a serial process', () => {
  it('a serial process handles one message after the other, casts included', async () => {
    const a = new FakeCluster().node('a');
    const steps: Value[] = [];
    const work: Handler = async (payload) => {
      steps.push(['+', payload]);
      await turn();
      steps.push(['-', payload]);
    };
    const { pid } = a.serve({ work }, { serial: true, casts: { work } });
    a.service.cast(pid, 'work', 1);
    await Promise.all([a.service.call(pid, 'work', 2), a.service.call(pid, 'work', 3)]);
    expect(steps.flat()).toEqual(['+', 1, '-', 1, '+', 2, '-', 2, '+', 3, '-', 3]);
  });

  it('a serial process that calls itself is rejected at once, also through another process and across awaits', async () => {
    const cluster = new FakeCluster();
    const a = cluster.node('a');
    const other = a.processes.spawn();
    const process: LocalProcess = a.serve(
      {
        direct: () => a.service.call(process.pid, 'ok'),
        indirect: async () => {
          await turn();
          return a.processes.run(other, () => a.service.call(process.pid, 'ok'));
        },
        ok: () => 'ok',
      },
      { serial: true },
    );
    await expect(a.service.call(process.pid, 'direct')).rejects.toBeInstanceOf(ReentrantCallError);
    await expect(a.service.call(process.pid, 'indirect')).rejects.toBeInstanceOf(ReentrantCallError);
    expect(await a.service.call(process.pid, 'ok')).toBe('ok');
    expectNoLeak(cluster);
  });

  it('code that a handler left running may call the process once the handler has finished', async () => {
    const a = new FakeCluster().node('a');
    let later!: Promise<Value>;
    const process: LocalProcess = a.serve(
      {
        first: () => {
          later = turn().then(() => a.service.call(process.pid, 'second'));
        },
        second: () => 2,
      },
      { serial: true },
    );
    await a.service.call(process.pid, 'first');
    expect(await later).toBe(2);
  });
});

describe('a concurrent process', () => {
  it('a concurrent process may call itself', async () => {
    const a = new FakeCluster().node('a');
    const process: LocalProcess = a.serve({
      outer: () => a.service.call(process.pid, 'inner'),
      inner: () => 1,
    });
    expect(await a.service.call(process.pid, 'outer')).toBe(1);
  });
});

describe('casts and messages', () => {
  it('casts and messages are delivered on this node and others, with a warning if they are dropped or fail', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    const seen: unknown[] = [];
    for (const node of [a, b]) {
      const listener = node.service.spawn({
        onMessage: (message, { caller }) => {
          seen.push([message, String(caller), String(node.service.self())]);
          if (message === 'bad') throw new Error('no');
        },
      });
      a.service.send(listener.pid, 'hello');
      a.service.send(listener.pid, 'bad');
      a.service.cast(listener.pid, 'x');
    }
    await turn();
    expect(seen).toEqual([
      ['hello', '<a.0>', '<a.1>'],
      ['bad', '<a.0>', '<a.1>'],
      ['hello', '<a.0>', '<b.1>'],
      ['bad', '<a.0>', '<b.1>'],
    ]);
    expect(a.calls.stats().warnings).toEqual({ 'handler-failed': 2 });
    expect(b.calls.stats().warnings).toEqual({ 'handler-failed': 2 });
    a.service.cast(via('s', 'nobody'), 'x');
    a.service.send(a.service.spawn().pid, 'x');
    expect(a.calls.stats().warnings).toMatchObject({ undelivered: 2 });
    expectNoLeak(cluster);
  });
});

describe('warnings of casts', () => {
  it('a node says once why the handler of a cast failed', async () => {
    const lines: string[] = [];
    const onWarning = (_reason: string, message: string, error?: unknown): void =>
      void lines.push(`${message}: ${(error as Error).message}`);
    const a = new FakeCluster().node('a', { onWarning });
    const { pid } = a.serve({}, { casts: { tell: () => Promise.reject(new Error('in a cast')) } });
    a.service.cast(pid, 'tell');
    await turn();
    expect(lines).toEqual(["A cast 'tell' failed in <a.1>: in a cast"]);
  });

  it('a warning escapes and cuts the names that frames of other nodes bring', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    const { pid } = b.serve({});
    const name = `x\n[Nest] ERROR\u001b[31m${'y'.repeat(150)}`;
    a.service.cast(pid, name);
    a.service.cast(b.service.spawn().pid, name);
    await expect(a.service.call(pid, name)).rejects.toThrow(String.raw`'x\n[Nest] ERROR\u001b[31myyy`);
    await turn();
    expect(b.warnings).toHaveLength(2);
    for (const line of b.warnings) {
      expect(line).toContain(String.raw`'x\n[Nest] ERROR\u001b[31my`);
      // oxlint-disable-next-line no-control-regex -- none may be there
      expect(line).not.toMatch(/[\u0000-\u001f]|y{100}/);
    }
  });

  it('a call may have a time limit that is longer than any timer', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    const { pid } = b.serve({ ok: () => 'ok' });
    for (const timeoutMs of [2 ** 31, 2 ** 53, 1e300]) {
      expect(await a.service.call(pid, 'ok', undefined, { timeoutMs })).toBe('ok');
    }
    expectNoLeak(cluster);
  });
});

describe('a handler whose signal says that the time limit has passed', () => {
  const untilAborted = ({ signal }: CallContext): Promise<void> =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  const handlers: Record<string, Handler> = {
    returns: async (_, context) => {
      await untilAborted(context);
      return 'too late';
    },
    throws: async (_, context) => {
      await untilAborted(context);
      context.signal.throwIfAborted();
    },
  };

  it.each(Object.keys(handlers))(
    'the caller on the same node gets CallTimeoutError, though its own timer fires later and the handler %s',
    async (name) => {
      const cluster = new FakeCluster();
      const a = cluster.node('a');
      const { pid } = a.serve(handlers);
      // The caller's limit is rounded to whole milliseconds, the handler's is not.
      const failure = failureOf(a.service.call(pid, name, undefined, { timeoutMs: 300.6 }));
      await turn();
      cluster.timers.advance(300.8);
      await turn();
      expect(a.calls.stats()).toMatchObject({ pending: 0, finished: { CALL_TIMEOUT: 1 } });
      expect(await failure).toBeInstanceOf(CallTimeoutError);
      expectNoLeak(cluster);
    },
  );

  it.each(Object.keys(handlers))(
    'a caller on another node gets CallTimeoutError, though its clock is behind and the handler %s',
    async (name) => {
      const cluster = new FakeCluster();
      const ahead = new ManualTimers();
      const [a, b] = [cluster.node('a'), cluster.node('b', { timers: ahead })];
      const failure = failureOf(a.service.call(b.serve(handlers).pid, name, undefined, { timeoutMs: 300 }));
      await turn();
      ahead.advance(300);
      await turn();
      expect(a.calls.stats()).toMatchObject({ pending: 0, finished: { CALL_TIMEOUT: 1 } });
      expect(await failure).toMatchObject({
        code: 'CALL_TIMEOUT',
        message: `'${name}' ended after its time limit. The call may have been executed.`,
      });
      expectNoLeak(cluster);
    },
  );
});

describe('the drain', () => {
  it('every message that waits or is being handled counts as in flight', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { pid } = b.serve({ slow: () => gate }, { serial: true });
    const calls = [a.service.call(pid, 'slow'), a.service.call(pid, 'slow')];
    await turn();
    expect(b.calls.mailboxes.inFlight).toBe(2);
    let idle = false;
    const done = b.calls.mailboxes.idle().then(() => (idle = true));
    await turn();
    expect(idle).toBe(false);
    release();
    await Promise.all([...calls, done]);
    expect(b.calls.mailboxes.inFlight).toBe(0);
    await b.calls.mailboxes.idle();
  });

  it('pending calls reject when their node leaves', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    const call = a.service.call(b.serve({ slow: never }).pid, 'slow');
    await turn();
    a.calls.close();
    await expect(call).rejects.toBeInstanceOf(TransportError);
  });
});

describe('many messages of one turn of the event loop', () => {
  it.each([
    ['a serial process', true],
    ['a concurrent process', false],
  ])(
    'are handled for ten milliseconds, and the others in the next turns, in order: %s',
    async (_, serial) => {
      const cluster = new FakeCluster();
      const a = cluster.node('a');
      const handled: Value[] = [];
      const work: Handler = (payload) => {
        cluster.timers.advance(1);
        handled.push(payload);
      };
      const { pid } = a.serve({}, { serial, casts: { work } });
      const all = Array.from({ length: 300 }, (__, number) => number);
      for (const number of all) a.service.cast(pid, 'work', number);
      let longest = 0;
      while (handled.length < all.length) {
        const before = handled.length;
        await new Promise((next) => setImmediate(next));
        longest = Math.max(longest, handled.length - before);
      }
      expect(handled).toEqual(all);
      expect(longest).toBeLessThanOrEqual(20);
    },
  );

  it.each([
    ['one process', 1],
    ['many processes', 300],
  ])(
    'are handled for ten milliseconds, what handlers do behind an `await` included: %s',
    async (_, count) => {
      const cluster = new FakeCluster();
      const a = cluster.node('a');
      const handled: Value[] = [];
      const work: Handler = async (payload) => {
        for (let step = 0; step < 30; step += 1) await Promise.resolve();
        cluster.timers.advance(1);
        handled.push(payload);
      };
      const pids = Array.from({ length: count }, () => a.serve({}, { casts: { work } }).pid);
      for (let number = 0; number < 300; number += 1) a.service.cast(pids[number % count], 'work', number);
      let longest = 0;
      while (handled.length < 300) {
        const before = handled.length;
        await new Promise((next) => setImmediate(next));
        longest = Math.max(longest, handled.length - before);
      }
      expect(longest).toBeLessThanOrEqual(30);
    },
  );

  it('are not refused because those before them wait for a turn', async () => {
    const cluster = new FakeCluster();
    const a = cluster.node('a');
    const handled: Value[] = [];
    const work: Handler = (payload) => {
      cluster.timers.advance(1);
      handled.push(payload);
    };
    const { pid } = a.serve({}, { serial: true, capacity: 100, casts: { work } });
    for (let round = 0; round < 8; round += 1) {
      for (let number = 0; number < 60; number += 1) a.service.cast(pid, 'work', number);
      await new Promise((next) => setImmediate(next));
    }
    while (handled.length < 480 && a.warnings.length === 0) await new Promise((next) => setImmediate(next));
    expect([handled.length, a.warnings]).toEqual([480, []]);
  });
});
