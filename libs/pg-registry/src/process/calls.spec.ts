import {
  AlreadyRegisteredError,
  CallTimeoutError,
  InvalidArgumentError,
  InvalidOptionError,
  InvalidValueError,
  MailboxFullError,
  NodeDownError,
  NoHandlerError,
  NotRegisteredError,
  type PgRegistryError,
  ProcessExitedError,
  RemoteError,
  TransportError,
  type Value,
  ValueTooLargeError,
} from '../term';
import type { CallContext } from './call-context';
import { FakeCluster, type FakeNode, turn } from './calls.fixture';
import type { Handler } from './handlers';
import type { LocalProcess } from './local-process';
import { via } from './via';

const never = (): Promise<never> => new Promise(() => undefined);

/** Nothing may be left of any call. */
function expectNoLeak(cluster: FakeCluster): void {
  for (const { calls } of cluster.nodes.values()) {
    const { pending, pendingRemote, serving, inFlight } = calls.stats();
    expect({ pending, pendingRemote, serving, inFlight }).toEqual({
      pending: 0,
      pendingRemote: 0,
      serving: 0,
      inFlight: 0,
    });
  }
  expect(cluster.timers.pending).toBe(0);
}

/** The same promises hold wherever the process lives. */
describe.each(['this node', 'another node'])('a call to a process of %s', (where) => {
  let cluster: FakeCluster;
  let a: FakeNode;
  let owner: FakeNode;

  beforeEach(() => {
    cluster = new FakeCluster();
    a = cluster.node('a');
    owner = where === 'this node' ? a : cluster.node('b');
  });

  function serve(
    calls: Record<string, Handler>,
    options?: { serial?: boolean; capacity?: number },
  ): LocalProcess {
    return owner.serve(calls, options);
  }

  it('resolves with what the handler returns or resolves to', async () => {
    const { pid } = serve({ now: (n) => [n, 'now'], later: async (n) => [n, 'later'] });
    expect(await a.calls.call(pid, 'now', 1)).toEqual([1, 'now']);
    expect(await a.calls.call(pid, 'later', { a: 1n })).toEqual([{ a: 1n }, 'later']);
    expect(cluster.frames.length).toBe(where === 'this node' ? 0 : 4);
    expectNoLeak(cluster);
  });

  it('gives the handler a frozen copy of the payload, and the caller one of the result', async () => {
    const [given, kept] = [{ list: [1] }, { list: [2] }];
    let seen: Value;
    const { pid } = serve({
      echo: (payload) => {
        seen = payload;
        return kept;
      },
    });
    const result = await a.calls.call(pid, 'echo', given);
    given.list.push(9);
    kept.list.push(9);
    expect([seen, result]).toEqual([{ list: [1] }, { list: [2] }]);
    expect([Object.isFrozen(seen), Object.isFrozen(result)]).toEqual([true, true]);
  });

  it('never runs the handler inside of the caller, and keeps the order of calls and casts', async () => {
    const seen: Value[] = [];
    const note = (payload: Value): void => void seen.push(payload);
    const process = owner.serve({ note }, { casts: { note } });
    const first = a.calls.call(process.pid, 'note', 1);
    a.calls.cast(process.pid, 'note', 2);
    const third = a.calls.call(process.pid, 'note', 3);
    expect(seen).toEqual([]);
    await Promise.all([first, third]);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('tells the handler who asks, with which headers and trace, and runs it as its process', async () => {
    const caller = a.processes.spawn();
    let context!: CallContext;
    const process = serve({
      who: async (_, given) => {
        context = given;
        await Promise.resolve();
        return owner.processes.self().pid;
      },
    });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const options = { headers: { tenant: 'x' }, trace: { traceparent } };
    const self = await a.processes.run(caller, () => a.calls.call(process.pid, 'who', null, options));
    expect(String(self)).toBe(String(process.pid));
    expect(String(context.caller)).toBe(String(caller.pid));
    expect(context.headers).toEqual({ tenant: 'x', traceparent });
    expect(context.trace).toEqual({ traceparent });
  });

  it('rejects with the name, message and code of what the handler threw', async () => {
    const failure = Object.assign(new TypeError('no such document'), { code: 'ENODOC' });
    const { pid } = serve({
      sync: () => {
        throw failure;
      },
      async: () => Promise.reject(failure),
      odd: () => Promise.reject({ status: 4 }),
    });
    for (const name of ['sync', 'async']) {
      const error = await a.calls.call(pid, name).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(RemoteError);
      expect(error).toMatchObject({
        message: 'no such document',
        remoteName: 'TypeError',
        remoteCode: 'ENODOC',
      });
      expect((error as Error).cause).toBe(where === 'this node' ? failure : undefined);
    }
    await expect(a.calls.call(pid, 'odd')).rejects.toMatchObject({
      message: '{"status":4}',
      remoteName: 'object',
    });
    expectNoLeak(cluster);
  });

  it('rejects with an error of this library as the class it was', async () => {
    const holder = owner.processes.spawn().pid;
    const { pid } = serve({
      register: () => {
        throw new AlreadyRegisteredError('taken', { pid: holder });
      },
      check: () => {
        throw new InvalidOptionError('wrong', { option: 'size' });
      },
    });
    const error = await a.calls.call(pid, 'register').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(AlreadyRegisteredError);
    expect(String((error as AlreadyRegisteredError).pid)).toBe(String(holder));
    await expect(a.calls.call(pid, 'check')).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      option: 'size',
      message: 'wrong',
    });
  });

  it('rejects with NoHandlerError naming the handlers there are', async () => {
    const { pid } = serve({ add: () => 1, remove: () => 2 });
    const error = await a.calls.call(pid, 'ad').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NoHandlerError);
    expect((error as Error).message).toBe("Fake has no call handler 'ad'; valid are 'add', 'remove'.");
    await expect(a.calls.call(owner.processes.spawn().pid, 'x')).rejects.toBeInstanceOf(NoHandlerError);
  });

  it('rejects when the result has no normal form, or does not fit', async () => {
    const { pid } = serve({ fn: () => () => 1, huge: () => 'x'.repeat(70_000) });
    await expect(a.calls.call(pid, 'fn')).rejects.toBeInstanceOf(InvalidValueError);
    await expect(a.calls.call(pid, 'huge')).rejects.toBeInstanceOf(ValueTooLargeError);
    expectNoLeak(cluster);
  });

  it('rejects at its deadline, and aborts the handler then', async () => {
    let signal!: AbortSignal;
    const { pid } = serve({
      slow: (_, context) => {
        ({ signal } = context);
        return never();
      },
    });
    const call = a.calls.call(pid, 'slow', null, { timeoutMs: 300 });
    const rejected = expect(call).rejects.toBeInstanceOf(CallTimeoutError);
    await turn();
    cluster.timers.advance(299);
    expect(signal.aborted).toBe(false);
    cluster.timers.advance(1);
    await rejected;
    await turn();
    expect((signal.reason as Error).name).toBe('TimeoutError');
    expect([a.calls.stats().pending, cluster.timers.pending]).toEqual([0, 0]);
  });

  it('rejects with the reason of its signal, and aborts the handler, too', async () => {
    let signal!: AbortSignal;
    const { pid } = serve({
      slow: (_, context) => {
        ({ signal } = context);
        return never();
      },
    });
    const controller = new AbortController();
    const removed = jest.spyOn(controller.signal, 'removeEventListener');
    const call = a.calls.call(pid, 'slow', null, { signal: controller.signal });
    await turn();
    controller.abort('enough');
    await expect(call).rejects.toBe('enough');
    await turn();
    expect((signal.reason as Error).name).toBe('AbortError');
    expect(removed).toHaveBeenCalledTimes(1);
    await expect(a.calls.call(pid, 'slow', null, { signal: controller.signal })).rejects.toBe('enough');
  });

  it('that is cancelled while it waits is not executed, and leaves its place to others', async () => {
    const seen: Value[] = [];
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const process = serve(
      {
        work: async (payload) => {
          await gate;
          seen.push(payload);
        },
      },
      { serial: true, capacity: 1 },
    );
    const first = a.calls.call(process.pid, 'work', 1);
    await turn();
    const controller = new AbortController();
    const second = a.calls.call(process.pid, 'work', 2, { signal: controller.signal });
    const refused = expect(second).rejects.toBe('never mind');
    await turn();
    await expect(a.calls.call(process.pid, 'work', 3)).rejects.toBeInstanceOf(MailboxFullError);
    controller.abort('never mind');
    await refused;
    await turn();
    const fourth = a.calls.call(process.pid, 'work', 4);
    release();
    await Promise.all([first, fourth]);
    expect(seen).toEqual([1, 4]);
    expectNoLeak(cluster);
  });

  it('rejects with ProcessExitedError when the process ends: waiting, running or gone already', async () => {
    let signal!: AbortSignal;
    const process = serve(
      {
        slow: (_, context) => {
          ({ signal } = context);
          return never();
        },
      },
      { serial: true },
    );
    const calls = [a.calls.call(process.pid, 'slow'), a.calls.call(process.pid, 'slow')];
    const errors = Promise.all(calls.map((call) => call.catch((e: unknown) => e)));
    await turn();
    process.exit('closed');
    expect((await errors).map((error) => (error as ProcessExitedError).reason)).toEqual(['closed', 'closed']);
    expect(signal.reason).toBeInstanceOf(ProcessExitedError);
    await expect(a.calls.call(process.pid, 'slow')).rejects.toMatchObject({
      code: 'PROCESS_EXITED',
      reason: 'noproc',
    });
    expectNoLeak(cluster);
  });

  it('checks its arguments before anything happens', async () => {
    const { pid } = serve({ x: () => 1 });
    const { calls } = a;
    await expect(calls.call(pid, '')).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(calls.call(pid, 'x', () => 1)).rejects.toBeInstanceOf(InvalidValueError);
    await expect(calls.call(pid, 'x', null, { timeoutMs: 0 })).rejects.toMatchObject({ option: 'timeoutMs' });
    await expect(calls.call('pid' as never, 'x')).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(calls.call(pid, 'x', null, { headers: { a: 1 } as never })).rejects.toMatchObject({
      option: 'headers',
    });
    await expect(calls.call(pid, 'x', null, { trace: { traceparent: '' } })).rejects.toMatchObject({
      option: 'trace',
    });
    expect(cluster.frames).toEqual([]);
    expectNoLeak(cluster);
  });
});

describe('a serial process', () => {
  it('handles one message after the other, casts included', async () => {
    const a = new FakeCluster().node('a');
    const steps: string[] = [];
    const work: Handler = async (payload) => {
      steps.push(`+${String(payload)}`);
      await turn();
      steps.push(`-${String(payload)}`);
    };
    const { pid } = a.serve({ work }, { serial: true, casts: { work } });
    a.calls.cast(pid, 'work', 1);
    await Promise.all([a.calls.call(pid, 'work', 2), a.calls.call(pid, 'work', 3)]);
    expect(steps).toEqual(['+1', '-1', '+2', '-2', '+3', '-3']);
  });

  it('that calls itself gets an error at once, also through another process and across awaits', async () => {
    const cluster = new FakeCluster();
    const a = cluster.node('a');
    const other = a.processes.spawn();
    const process: LocalProcess = a.serve(
      {
        direct: () => a.calls.call(process.pid, 'ok'),
        indirect: async () => {
          await turn();
          return a.processes.run(other, () => a.calls.call(process.pid, 'ok'));
        },
        ok: () => 'ok',
      },
      { serial: true },
    );
    await expect(a.calls.call(process.pid, 'direct')).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(a.calls.call(process.pid, 'indirect')).rejects.toBeInstanceOf(InvalidArgumentError);
    expect(await a.calls.call(process.pid, 'ok')).toBe('ok');
    expectNoLeak(cluster);
  });

  it('may be called by what its handler left behind, once the handler has finished', async () => {
    const a = new FakeCluster().node('a');
    let later!: Promise<Value>;
    const process: LocalProcess = a.serve(
      {
        first: () => {
          later = turn().then(() => a.calls.call(process.pid, 'second'));
        },
        second: () => 2,
      },
      { serial: true },
    );
    await a.calls.call(process.pid, 'first');
    expect(await later).toBe(2);
  });
});

describe('a concurrent process', () => {
  it('may call itself', async () => {
    const a = new FakeCluster().node('a');
    const process: LocalProcess = a.serve({
      outer: () => a.calls.call(process.pid, 'inner'),
      inner: () => 1,
    });
    expect(await a.calls.call(process.pid, 'outer')).toBe(1);
  });
});

describe('casts and messages', () => {
  it('arrive here and on other nodes; what is dropped or fails is warned of', async () => {
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

describe('a call to another node', () => {
  let cluster: FakeCluster;
  let a: FakeNode;
  let b: FakeNode;

  beforeEach(() => {
    cluster = new FakeCluster();
    [a, b] = [cluster.node('a'), cluster.node('b')];
  });

  it('rejects when the node is lost, saying that it may have been executed', async () => {
    const { pid } = b.serve({ slow: never });
    const call = a.calls.call(pid, 'slow');
    await turn();
    b.crash();
    a.calls.peerRemoved({ node: 'b', incarnation: b.incarnation });
    const error = await call.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NodeDownError);
    expect((error as Error).message).toMatch(/may have been executed/);
    expect(a.forgotten).toEqual([1]);
    await expect(a.calls.call(pid, 'slow')).rejects.toBeInstanceOf(NodeDownError);
    expect(cluster.timers.pending).toBe(0);
  });

  it('rejects at once when nobody listens there, and when this node is not connected', async () => {
    const { pid } = b.serve({ x: () => 1 });
    cluster.standings.set('b', 'suspect');
    b.crash();
    await expect(a.calls.call(pid, 'x')).rejects.toBeInstanceOf(NodeDownError);
    a.connected = false;
    await expect(a.calls.call(pid, 'x')).rejects.toBeInstanceOf(TransportError);
    expect(a.calls.stats().pending).toBe(0);
  });

  it('to an earlier incarnation is not executed by the present one', async () => {
    const { pid } = b.serve({ x: () => 'old' });
    const restarted = cluster.node('b');
    restarted.serve({ x: () => 'new' });
    cluster.standings.set('b', 'ready');
    const error = await a.calls.call(pid, 'x').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NodeDownError);
    expect((error as Error).message).toMatch(/Nothing was executed/);
  });

  it('aborts the handler when the caller is lost', async () => {
    let signal!: AbortSignal;
    const { pid } = b.serve({
      slow: (_, context) => {
        ({ signal } = context);
        return never();
      },
    });
    void a.calls.call(pid, 'slow');
    await turn();
    b.calls.peerRemoved({ node: 'a', incarnation: a.incarnation });
    expect(signal.aborted).toBe(true);
    expect(b.calls.stats().serving).toBe(0);
  });

  it('stops the handler at the deadline even if the word of the caller is lost', async () => {
    let signal!: AbortSignal;
    const { pid } = b.serve({
      slow: (_, context) => {
        ({ signal } = context);
        return never();
      },
    });
    cluster.lose = ({ kind }) => kind === 'cancel';
    const rejected = expect(a.calls.call(pid, 'slow', null, { timeoutMs: 100 })).rejects.toBeInstanceOf(
      CallTimeoutError,
    );
    await turn();
    cluster.timers.advance(100);
    await rejected;
    expect((signal.reason as Error).name).toBe('TimeoutError');
  });

  it('takes no answer from anybody else, and none that comes late', async () => {
    const c = cluster.node('c');
    const { pid } = b.serve({ slow: never });
    const call = a.calls.call(pid, 'slow', null, { timeoutMs: 50 });
    const rejected = expect(call).rejects.toBeInstanceOf(CallTimeoutError);
    const answer = new Uint8Array([1, 0, 7]);
    a.calls.receive('reply', { node: 'c', incarnation: c.incarnation }, answer, '');
    cluster.timers.advance(50);
    await rejected;
    a.calls.receive('reply', { node: 'b', incarnation: b.incarnation }, answer, '');
    expect(a.calls.stats().lateAnswers).toBe(2);
  });

  it('carries the stack of the handler only if its node says so', async () => {
    const open = cluster.node('c', { remoteStacks: true });
    const fail = (): never => {
      throw new Error('deep');
    };
    const here = (node: FakeNode): Promise<unknown> =>
      a.calls
        .call(node.serve({ fail }).pid, 'fail')
        .catch((error: Error) => error.stack?.includes('at fail'));
    expect(await here(open)).toBe(true);
    expect(await here(b)).toBe(false);
  });

  it('survives every frame that nobody would write', async () => {
    for (const kind of ['call', 'cast', 'cancel', 'reply', 'watch', 'down'] as const) {
      for (const bytes of [[], [255], [0, 1, 2], [2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 9, 9]]) {
        b.calls.receive(kind, { node: 'a', incarnation: a.incarnation }, new Uint8Array(bytes), '');
      }
    }
    expect(b.calls.stats().warnings['malformed-frame']).toBe(24);
    expectNoLeak(cluster);
  });
});

describe('a call by name', () => {
  let cluster: FakeCluster;
  let a: FakeNode;
  let b: FakeNode;
  let c: FakeNode;
  const name = via('workers', ['count']);

  beforeEach(() => {
    cluster = new FakeCluster();
    [a, b, c] = [cluster.node('a'), cluster.node('b'), cluster.node('c')];
    a.exclusive = b.exclusive = c.exclusive = false;
  });

  function worker(node: FakeNode): LocalProcess {
    const process = node.serve({ where: () => node.name });
    node.register(name, process);
    return process;
  }

  it('finds members anywhere, those of this node first', async () => {
    worker(b);
    expect(await a.calls.call(name, 'where')).toBe('b');
    worker(a);
    expect(await a.calls.call(name, 'where')).toBe('a');
  });

  it('rejects with NotRegisteredError if there is nobody', async () => {
    await expect(a.calls.call(name, 'where')).rejects.toBeInstanceOf(NotRegisteredError);
  });

  it('goes to another member where nothing can have been executed', async () => {
    cluster.standings.set('b', 'ready');
    const gone = worker(b);
    worker(c);
    const round = name.pick('round-robin');
    b.calls.refuse();
    expect(await a.calls.call(round, 'where')).toBe('c');
    b.crash();
    expect(await a.calls.call(round, 'where')).toBe('c');
    cluster.nodes.set('b', b);
    b.connected = true;
    cluster.names.push({ scope: 'workers', key: ['count'], pid: gone.pid });
    b.processes.exitAll('shutdown');
    expect(await a.calls.call(name.pick('round-robin'), 'where')).toBe('c');
  });

  it('rejects with the last error when all members were tried', async () => {
    worker(b);
    worker(c);
    b.calls.refuse();
    c.calls.refuse();
    const error = await a.calls.call(name, 'where').catch((e: unknown) => e as PgRegistryError);
    expect(error).toBeInstanceOf(NodeDownError);
    expectNoLeak(cluster);
  });

  it('does not ask a second member when the first may have executed it', async () => {
    let executed = 0;
    for (const node of [b, c]) {
      const process = node.serve({
        die: () => {
          executed += 1;
          process.exit('crash');
          return never();
        },
      });
      node.register(name, process);
    }
    await expect(a.calls.call(name, 'die')).rejects.toMatchObject({ reason: 'crash' });
    expect(executed).toBe(1);
  });
});

describe('the drain', () => {
  it('sees every message that waits or is handled, until it is done', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { pid } = b.serve({ slow: () => gate }, { serial: true });
    const calls = [a.calls.call(pid, 'slow'), a.calls.call(pid, 'slow')];
    await turn();
    expect(b.calls.inFlight).toBe(2);
    let idle = false;
    const done = b.calls.idle().then(() => (idle = true));
    await turn();
    expect(idle).toBe(false);
    release();
    await Promise.all([...calls, done]);
    expect(b.calls.inFlight).toBe(0);
    await b.calls.idle();
  });

  it('ends pending calls when the node leaves', async () => {
    const cluster = new FakeCluster();
    const [a, b] = [cluster.node('a'), cluster.node('b')];
    const call = a.calls.call(b.serve({ slow: never }).pid, 'slow');
    await turn();
    a.calls.close();
    await expect(call).rejects.toBeInstanceOf(TransportError);
  });
});
