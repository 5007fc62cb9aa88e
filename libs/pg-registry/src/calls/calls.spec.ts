import { getEventListeners } from 'node:events';
import {
  AlreadyRegisteredError,
  CallTimeoutError,
  InvalidArgumentError,
  InvalidOptionError,
  InvalidAnswerError,
  InvalidValueError,
  MailboxFullError,
  NoHandlerError,
  ProcessExitedError,
  RemoteError,
  type Value,
} from '../term';
import type { CallContext } from './call-context';
import { FakeCluster, type FakeNode, expectNoLeak, failureOf, never, turn } from './calls.fixture';
import type { Handler } from './handlers';
import type { LocalProcess } from '../lifetime/local-process';

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

  it('a call resolves with what the handler returns or resolves to', async () => {
    const { pid } = serve({ now: (n) => [n, 'now'], later: async (n) => [n, 'later'] });
    expect(await a.service.call(pid, 'now', 1)).toEqual([1, 'now']);
    expect(await a.service.call(pid, 'later', { a: 1n })).toEqual([{ a: 1n }, 'later']);
    expect(cluster.frames.length).toBe(where === 'this node' ? 0 : 4);
    expectNoLeak(cluster);
  });

  it('a call gives the handler a frozen copy of the payload, and the caller a frozen copy of the result', async () => {
    const [given, kept] = [{ list: [1] }, { list: [2] }];
    let seen: Value;
    const { pid } = serve({
      echo: (payload) => {
        seen = payload;
        return kept;
      },
    });
    const result = await a.service.call(pid, 'echo', given);
    given.list.push(9);
    kept.list.push(9);
    expect([seen, result]).toEqual([{ list: [1] }, { list: [2] }]);
    expect([Object.isFrozen(seen), Object.isFrozen(result)]).toEqual([true, true]);
  });

  it('handlers run in a later microtask, in the order of their calls and casts', async () => {
    const seen: Value[] = [];
    const note = (payload: Value): void => void seen.push(payload);
    const process = owner.serve({ note }, { casts: { note } });
    const first = a.service.call(process.pid, 'note', 1);
    a.service.cast(process.pid, 'note', 2);
    const third = a.service.call(process.pid, 'note', 3);
    expect(seen).toEqual([]);
    await Promise.all([first, third]);
    expect(seen).toEqual([1, 2, 3]);
  });

  it("a handler gets the caller's pid, headers and trace, and runs as its process", async () => {
    const caller = a.processes.spawn();
    let context!: CallContext;
    const process = serve({
      who: async (_, given) => {
        context = given;
        await Promise.resolve();
        return owner.processes.self().pid.id;
      },
    });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const options = { headers: { tenant: 'x' }, trace: { traceparent } };
    const self = await a.processes.run(caller, () => a.service.call(process.pid, 'who', null, options));
    expect(self).toBe(process.pid.id);
    expect(String(context.caller)).toBe(String(caller.pid));
    expect(context.headers).toEqual({ tenant: 'x', traceparent });
    expect(context.trace).toEqual({ traceparent });
  });

  it('a call rejects with the name, message and code of what the handler threw', async () => {
    const failure = Object.assign(new TypeError('no such document'), { code: 'ENODOC' });
    const { pid } = serve({
      sync: () => {
        throw failure;
      },
      async: () => Promise.reject(failure),
      odd: () => Promise.reject({ status: 4 }),
    });
    for (const name of ['sync', 'async']) {
      const error = await failureOf(a.service.call(pid, name));
      expect(error).toBeInstanceOf(RemoteError);
      expect(error).toMatchObject({
        message: 'no such document',
        remote: { name: 'TypeError', code: 'ENODOC', message: 'no such document' },
      });
      expect(error).not.toHaveProperty('cause');
      expect(error).not.toHaveProperty('status');
    }
    await expect(a.service.call(pid, 'odd')).rejects.toMatchObject({
      message: '{"status":4}',
      remote: { name: 'object' },
    });
    expectNoLeak(cluster);
  });

  it("a call rejects with an error of the same class if the handler threw one of this library's", async () => {
    const holder = owner.processes.spawn().pid;
    const { pid } = serve({
      register: () => {
        throw new AlreadyRegisteredError('taken', { pid: holder });
      },
      check: () => {
        throw new InvalidOptionError('wrong', { option: 'size' });
      },
    });
    const error = await failureOf(a.service.call(pid, 'register'));
    expect(error).toBeInstanceOf(AlreadyRegisteredError);
    expect(error).toMatchObject({ pid: { node: holder.node, id: holder.id } });
    await expect(a.service.call(pid, 'check')).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      option: 'size',
      message: 'wrong',
    });
  });

  it('a call without a handler rejects with NoHandlerError, which names the handlers that exist', async () => {
    const { pid } = serve({ add: () => 1, remove: () => 2 });
    const error = await failureOf(a.service.call(pid, 'ad'));
    expect(error).toBeInstanceOf(NoHandlerError);
    expect(error).toMatchObject({ message: "Fake has no call handler 'ad'; valid are 'add', 'remove'." });
    await expect(a.service.call(owner.processes.spawn().pid, 'x')).rejects.toBeInstanceOf(NoHandlerError);
  });

  it('a call rejects when its result has no normal form, or does not fit into a frame', async () => {
    const { pid } = serve({ fn: () => () => 1, huge: () => 'x'.repeat(70_000) });
    const error = await failureOf(a.service.call(pid, 'fn'));
    expect(error).toBeInstanceOf(InvalidAnswerError);
    expect(error).toMatchObject({
      code: 'INVALID_ANSWER',
      message: expect.stringMatching(
        /^The answer of 'fn' cannot travel: answer is a function\. Allowed are .* The handler ran\.$/,
      ),
    });
    await expect(a.service.call(pid, 'huge')).rejects.toThrow(
      /^The answer of 'huge' cannot travel: The answer is larger than the room in a frame \(maxFrameBytes\) = 65536 bytes/,
    );
    expect(owner.warnings).toHaveLength(2);
    expect(owner.calls.stats().warnings).toEqual({ 'invalid-answer': 2 });
    expectNoLeak(cluster);
  });

  it('a call rejects at its deadline, and aborts the handler', async () => {
    let signal!: AbortSignal;
    const { pid } = serve({
      slow: (_, context) => {
        ({ signal } = context);
        return never();
      },
    });
    const call = a.service.call(pid, 'slow', null, { timeoutMs: 300 });
    const rejected = failureOf(call);
    await turn();
    cluster.timers.advance(299);
    expect(signal.aborted).toBe(false);
    cluster.timers.advance(1);
    expect(await rejected).toBeInstanceOf(CallTimeoutError);
    await turn();
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
    expect([a.calls.stats().pending, cluster.timers.pending]).toEqual([0, 0]);
  });

  it('a call rejects with the reason of its signal, and aborts the handler', async () => {
    let signal!: AbortSignal;
    const { pid } = serve({
      slow: (_, context) => {
        ({ signal } = context);
        return never();
      },
    });
    const controller = new AbortController();
    const removed = jest.spyOn(controller.signal, 'removeEventListener');
    const call = a.service.call(pid, 'slow', null, { signal: controller.signal });
    await turn();
    controller.abort('enough');
    await expect(call).rejects.toBe('enough');
    await turn();
    expect(signal.reason).toMatchObject({ name: 'AbortError' });
    expect(removed).toHaveBeenCalledTimes(1);
    await expect(a.service.call(pid, 'slow', null, { signal: controller.signal })).rejects.toBe('enough');
  });

  it('a call that is cancelled while it waits is not executed, and frees its place in the mailbox', async () => {
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
    const first = a.service.call(process.pid, 'work', 1);
    await turn();
    const controller = new AbortController();
    const second = a.service.call(process.pid, 'work', 2, { signal: controller.signal });
    const refused = failureOf(second);
    await turn();
    await expect(a.service.call(process.pid, 'work', 3)).rejects.toBeInstanceOf(MailboxFullError);
    controller.abort('never mind');
    expect(await refused).toBe('never mind');
    await turn();
    const fourth = a.service.call(process.pid, 'work', 4);
    release();
    await Promise.all([first, fourth]);
    expect(seen).toEqual([1, 4]);
    expectNoLeak(cluster);
  });

  it('waiting, running and later calls reject with ProcessExitedError when the process ends', async () => {
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
    const calls = [a.service.call(process.pid, 'slow'), a.service.call(process.pid, 'slow')];
    const errors = Promise.all(calls.map(failureOf));
    await turn();
    process.exit('closed');
    expect(await errors).toMatchObject([
      { code: 'PROCESS_EXITED', reason: 'closed', mayHaveExecuted: true },
      { code: 'PROCESS_EXITED', reason: 'closed', mayHaveExecuted: false },
    ]);
    expect(signal.reason).toBeInstanceOf(ProcessExitedError);
    await expect(a.service.call(process.pid, 'slow')).rejects.toMatchObject({
      code: 'PROCESS_EXITED',
      reason: 'noproc',
    });
    expectNoLeak(cluster);
  });

  it('many calls may be made with one signal without a warning of Node.js, and the signal aborts all of them', async () => {
    const { pid } = serve({
      slow: (_, context) => new Promise((done) => context.signal.addEventListener('abort', done)),
    });
    const controller = new AbortController();
    const { signal } = controller;
    const warnings: unknown[] = [];
    const warned = (warning: Error): void => void warnings.push(warning.name);
    process.on('warning', warned);
    const calls = Array.from({ length: 200 }, () => failureOf(a.service.call(pid, 'slow', null, { signal })));
    await turn();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    controller.abort('enough');
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['enough']));
    await turn();
    process.off('warning', warned);
    expect([warnings, getEventListeners(signal, 'abort')]).toEqual([[], []]);
    expectNoLeak(cluster);
  });

  it('a call checks its arguments before anything is sent', async () => {
    const { pid } = serve({ x: () => 1 });
    const { service } = a;
    await expect(service.call(pid, '')).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(service.call(pid, 'x', () => 1)).rejects.toBeInstanceOf(InvalidValueError);
    await expect(service.call(pid, 'x', null, { timeoutMs: -1 })).rejects.toMatchObject({
      option: 'timeoutMs',
    });
    await expect(service.call('pid' as never, 'x')).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(service.call(pid, 'x', null, { headers: { a: 1 } as never })).rejects.toMatchObject({
      option: 'headers',
    });
    await expect(service.call(pid, 'x', null, { trace: { traceparent: '' } })).rejects.toMatchObject({
      option: 'trace',
    });
    expect(cluster.frames).toEqual([]);
    expectNoLeak(cluster);
  });
});
