import {
  AlreadyRegisteredError,
  InvalidArgumentError,
  InvalidOptionError,
  ProcessExitedError,
  ScopeNotRunningError,
  UniqueKeysRequiredError,
} from '../term';
import { failureOf, FakeCluster, type FakeNode, turn } from '../calls/calls.fixture';
import { type Handler, HandlerTable } from '../calls/handlers';
import type { LocalProcess } from '../lifetime/local-process';
import type { PreparedInstance, ProcessClass, ProcessFactory } from './process-factory';
import type { StartOptions } from './started-processes';
import { via } from '../calls/via';

/** What happened to the instances of one test, and gates that hold them up. */
const events: string[] = [];
let startGate: Promise<unknown> = Promise.resolve();
let exitGate: Promise<unknown> = Promise.resolve();
let onExit: (() => Promise<void>) | undefined;

class Counter {
  #count = 0;

  async onProcessStart(args?: { from: number }): Promise<void> {
    events.push('start');
    await startGate;
    this.#count = args?.from ?? 0;
  }

  add(n: number): number {
    this.#count += n;
    return this.#count;
  }

  async onProcessExit(reason: unknown): Promise<void> {
    events.push(`exit ${String(reason)}`);
    await onExit?.();
    await exitGate;
  }
}

/** Holds something up until it is let go. */
function gate(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open!: () => void;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open };
}

/** Of no module. */
class Stranger {
  readonly name = 'x';
}

/** Makes instances as nest/ does, without Nest. */
class FakeFactory implements ProcessFactory {
  made = 0;
  destroyed = 0;
  failure: Error | undefined;

  prepare(type: ProcessClass): PreparedInstance {
    if (type.name !== 'Counter') throw new InvalidArgumentError(`${type.name} is a provider of no module.`);
    return {
      create: async () => {
        await turn();
        if (this.failure !== undefined) throw this.failure;
        this.made += 1;
        const instance = new Counter();
        const add: Handler = (n) => instance.add(Number(n));
        const handlers = new HandlerTable('Counter', { calls: new Map([['add', add]]) });
        return { instance, handlers, destroy: () => void (this.destroyed += 1) };
      },
    };
  }
}

describe('start', () => {
  let cluster: FakeCluster;
  let a: FakeNode;
  let factory: FakeFactory;
  const name = via('counters', 'a', { shard: 1 });

  beforeEach(() => {
    events.length = 0;
    startGate = exitGate = Promise.resolve();
    onExit = undefined;
    cluster = new FakeCluster();
    a = cluster.node('a');
    factory = new FakeFactory();
    a.service.useFactory(factory);
  });

  function start(options: StartOptions<{ from: number } | undefined> = {}): Promise<LocalProcess> {
    return a.service.start(Counter, options);
  }

  it('makes an instance, starts it with its arguments, and then takes calls', async () => {
    const process = await start({ via: name, args: { from: 5 } });
    expect(await a.service.call(name, 'add', 2)).toBe(7);
    expect(await a.service.call(process.pid, 'add', 1)).toBe(8);
    expect(process.label).toBe('Counter');
  });

  it('takes the name before start returns, and lets calls wait until the process has started', async () => {
    const { promise, open } = gate();
    startGate = promise;
    const starting = start({ via: name });
    const call = a.service.call(name, 'add', 3);
    await turn();
    expect([factory.made, events, a.calls.mailboxes.inFlight]).toEqual([1, ['start'], 1]);
    open();
    expect(await call).toBe(3);
    await starting;
  });

  it('makes one instance when ten processes are started under one name', async () => {
    const starts = Array.from({ length: 10 }, () => start({ via: name }));
    const results = await Promise.allSettled(starts);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const errors = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    );
    for (const error of errors) expect(error).toBeInstanceOf(AlreadyRegisteredError);
    expect([factory.made, a.processes.size]).toEqual([1, 2]);
  });

  it('frees the name and rejects waiting calls when a start fails, wherever it fails', async () => {
    for (const [place, failure] of [
      ['create', new Error('no database')],
      ['start', new Error('no document')],
    ] as const) {
      factory.failure = place === 'create' ? failure : undefined;
      startGate = place === 'start' ? Promise.reject(failure) : Promise.resolve();
      startGate.catch(() => undefined);
      const starting = start({ via: name });
      const call = failureOf(a.service.call(name, 'add', 1));
      await expect(starting).rejects.toBe(failure);
      expect(await call).toBeInstanceOf(ProcessExitedError);
      await expect(a.service.call(name, 'add', 1)).rejects.toMatchObject({ code: 'NOT_REGISTERED' });
    }
    await a.service.settled();
    expect([events, factory.destroyed]).toEqual([['start', 'exit Error: no document'], 1]);
  });

  it('refuses a start before there is a process: without a class of a module, a unique scope, a factory or a valid signal', async () => {
    await expect(a.service.start(Stranger)).rejects.toThrow(/Stranger is a provider of no module/);
    await expect(start({ signal: {} as AbortSignal })).rejects.toBeInstanceOf(InvalidOptionError);
    await expect(start({ via: 'a' as never })).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(start({ owner: 7 as never })).rejects.toBeInstanceOf(InvalidArgumentError);
    a.exclusive = false;
    await expect(start({ via: name })).rejects.toBeInstanceOf(UniqueKeysRequiredError);
    await expect(cluster.node('b').service.start(Counter)).rejects.toBeInstanceOf(InvalidArgumentError);
    expect([a.processes.size, factory.made]).toEqual([1, 0]);
  });

  it('leaves no process when start finds the scope stopped', async () => {
    a.register = () => {
      throw new ScopeNotRunningError('stopped');
    };
    await expect(start({ via: name })).rejects.toBeInstanceOf(ScopeNotRunningError);
    expect([a.processes.size, factory.made]).toEqual([1, 0]);
  });

  it('ends a process with its signal, its owner, and the node, each time once, with onProcessExit', async () => {
    const controller = new AbortController();
    const owner = a.processes.spawn();
    await start({ signal: controller.signal });
    await start({ owner });
    await start({ owner: owner.pid });
    const process = await start();
    controller.abort('signal');
    owner.exit('owner');
    a.processes.exitAll('shutdown');
    process.exit('again');
    await a.service.settled();
    expect(events.filter((event) => event !== 'start')).toEqual([
      'exit signal',
      'exit owner',
      'exit owner',
      'exit shutdown',
    ]);
    expect(factory.destroyed).toBe(4);
    await expect(start()).rejects.toBeInstanceOf(ProcessExitedError);
  });

  it('ends a process with its owner on another node, also when that node is lost', async () => {
    const b = cluster.node('b');
    const [first, second] = [b.processes.spawn(), b.processes.spawn()];
    const starter = a.processes.spawn();
    const owned = await a.processes.run(starter, () => start({ owner: first.pid }));
    const other = await start({ owner: second.pid });
    await turn();
    starter.exit();
    expect(owned.alive).toBe(true);
    first.exit('over there');
    await turn();
    expect([owned.reason, other.alive]).toEqual(['over there', true]);
    a.calls.peerRemoved({ node: 'b', incarnation: b.incarnation });
    expect(other.reason).toBe('noconnection');
  });

  it('rejects a start at once when the process ends meanwhile, even if it hangs, and destroys the instance', async () => {
    startGate = new Promise(() => undefined);
    const controller = new AbortController();
    const starting = start({ via: name, signal: controller.signal });
    await turn();
    controller.abort('too late');
    await expect(starting).rejects.toMatchObject({ code: 'PROCESS_EXITED', reason: 'too late' });
    await a.service.settled();
    expect([events, factory.destroyed]).toEqual([['start', 'exit too late'], 1]);
    await expect(start({ signal: controller.signal })).rejects.toBeInstanceOf(ProcessExitedError);
  });

  it('destroys an instance without starting it when the process ended before it was made', async () => {
    const controller = new AbortController();
    const starting = start({ signal: controller.signal });
    controller.abort('early');
    await expect(starting).rejects.toBeInstanceOf(ProcessExitedError);
    await turn();
    await a.service.settled();
    expect([events, factory.made, factory.destroyed]).toEqual([[], 1, 1]);
  });

  it('warns of an onProcessStart that does not return, once, and goes on waiting for it', async () => {
    const { promise, open } = gate();
    startGate = promise;
    const starting = start();
    await turn();
    await turn();
    cluster.timers.advance(4999);
    expect([events, a.warnings]).toEqual([['start'], []]);
    cluster.timers.advance(1);
    cluster.timers.advance(60_000);
    expect(a.warnings).toEqual([
      'onProcessStart of <a.1> (Counter) has not returned for 5000 ms. Calls to the process wait until it has.',
    ]);
    open();
    await expect(starting).resolves.toMatchObject({ alive: true });
  });

  it('does not warn of an onProcessStart that has returned, or whose process has ended', async () => {
    await start();
    startGate = new Promise(() => undefined);
    const controller = new AbortController();
    const starting = start({ signal: controller.signal });
    await turn();
    await turn();
    controller.abort('too late');
    await expect(starting).rejects.toBeInstanceOf(ProcessExitedError);
    cluster.timers.advance(60_000);
    expect(a.warnings).toEqual([]);
  });

  it('waits for onProcessExit no longer than its limit, and warns', async () => {
    exitGate = new Promise(() => undefined);
    const process = await start();
    process.exit('gone');
    let settled = false;
    const settling = a.service.settled().then(() => (settled = true));
    await turn();
    expect([settled, factory.destroyed]).toEqual([false, 0]);
    cluster.timers.advance(5000);
    await settling;
    expect(factory.destroyed).toBe(1);
    expect(a.warnings).toEqual([
      'onProcessExit of <a.1> (Counter) took longer than 5000 ms. The node does not wait for it any longer.',
    ]);
  });

  it('warns of what onProcessExit throws, and destroys the instance all the same', async () => {
    exitGate = Promise.reject(new Error('late'));
    exitGate.catch(() => undefined);
    (await start()).exit();
    await a.service.settled();
    expect(a.warnings).toEqual(['onProcessExit of <a.1> (Counter) failed.']);
    expect([factory.destroyed, cluster.timers.pending]).toEqual([1, 0]);
  });

  describe('under the name of a process that has ended and still runs its onProcessExit', () => {
    let exits: ReturnType<typeof gate>;

    beforeEach(async () => {
      exits = gate();
      exitGate = exits.promise;
      (await start({ via: name })).exit('first');
    });

    it('a start takes the name at once, but waits for the exit of its predecessor before the instance is made; calls wait, too', async () => {
      const starting = start({ via: name });
      const call = a.service.call(name, 'add', 3);
      await expect(start({ via: name })).rejects.toBeInstanceOf(AlreadyRegisteredError);
      await turn();
      expect([events, factory.made]).toEqual([['start', 'exit first'], 1]);
      exits.open();
      expect([await call, (await starting).alive, factory.made]).toEqual([3, true, 2]);
      expect(events).toEqual(['start', 'exit first', 'start']);
    });

    it('a start waits for all who had the name, also when one that waited has ended itself', async () => {
      const controller = new AbortController();
      const second = start({ via: name, signal: controller.signal });
      controller.abort('not needed any more');
      await expect(second).rejects.toBeInstanceOf(ProcessExitedError);
      const third = start({ via: name });
      await turn();
      expect(factory.made).toBe(1);
      exits.open();
      await third;
      expect([events, factory.made]).toEqual([['start', 'exit first', 'start'], 2]);
    });

    it('a start waits for its predecessor no longer than an exit may take', async () => {
      const starting = start({ via: name });
      await turn();
      cluster.timers.advance(5000);
      await starting;
      expect(events).toEqual(['start', 'exit first', 'start']);
    });

    it('a start waits for no predecessor if it is told not to, or has another name', async () => {
      await start({ via: via('counters', 'b') });
      await start({ via: name, waitForPredecessor: false });
      expect(events).toEqual(['start', 'exit first', 'start', 'start']);
      await expect(start({ waitForPredecessor: 1 as never })).rejects.toThrow(
        "Option 'waitForPredecessor' of start() must be true or false (got 1). No process was started.",
      );
    });

    it('a start does not wait for the exit that it is part of', async () => {
      exits.open();
      await a.service.settled();
      const process = await start({ via: name });
      let successor: LocalProcess | undefined;
      onExit = async () => void (successor = await start({ via: name }));
      process.exit();
      await a.service.settled();
      expect(successor?.alive).toBe(true);
    });
  });
});

describe('options that nobody reads', () => {
  const a = new FakeCluster().node('a');
  const { pid } = a.serve({ echo: (payload) => payload });

  it.each([{ timeOut: 20 }, { timeoutMs: 20, Signal: null }, Object.create({ retries: 3 }) as object])(
    'refuses unknown options of call: %j',
    async (options) => {
      const error = await failureOf(a.service.call(pid, 'echo', 1, options));
      expect(error).toBeInstanceOf(InvalidOptionError);
      expect(error).toHaveProperty(
        'message',
        expect.stringMatching(
          /^Unknown option '(timeOut|Signal|retries)' of a call\. Valid options are timeoutMs, signal, headers, trace\. Nothing was sent\.$/,
        ),
      );
    },
  );

  it('refuses unknown options of the methods of a proxy', async () => {
    const proxy = a.service.proxy<{ echo(n: number): number }>(pid);
    await expect(proxy.echo(1, { timeout: 20 } as never)).rejects.toThrow(
      "Unknown option 'timeout' of a call",
    );
  });

  it('refuses options of cast, which takes none, and sends nothing', async () => {
    const notes: unknown[] = [];
    const { pid: noting } = a.serve({}, { casts: { note: (note) => void notes.push(note) } });
    expect(() => a.service.cast(noting, 'note', 1, { timeoutMs: 5 } as never)).toThrow(
      "Unknown option 'timeoutMs' of cast(). There are none. Nothing was sent.",
    );
    expect(() => a.service.cast(noting, 'note', 2, 5 as never)).toThrow(InvalidOptionError);
    a.service.cast(noting, 'note', 3);
    await turn();
    expect(notes).toEqual([3]);
  });

  it('refuses unknown options of spawn and start, and starts nothing', async () => {
    const before = a.processes.size;
    expect(() => a.service.spawn({ onmessage: () => undefined } as never)).toThrow(
      "Unknown option 'onmessage' of spawn(). Valid options are signal, label, onMessage. No process was started.",
    );
    await expect(a.service.start(Counter, { arg: 1 } as never)).rejects.toThrow(
      "Unknown option 'arg' of start(). Valid options are via, waitForPredecessor, args, owner, signal, moduleRef. No process was started.",
    );
    expect(a.processes.size).toBe(before);
  });

  it('refuses options that are not an object', async () => {
    await expect(a.service.call(pid, 'echo', 1, 5000 as never)).rejects.toBeInstanceOf(InvalidOptionError);
    expect(() => a.service.spawn('worker' as never)).toThrow(InvalidOptionError);
  });
});

describe('a process without a class', () => {
  it('handles messages of a process without a class one after the other, as the process', async () => {
    const a = new FakeCluster().node('a');
    const seen: unknown[] = [];
    const process = a.service.spawn({
      label: 'listener',
      onMessage: async (message) => {
        seen.push(`+${String(message)}`, a.service.self());
        await turn();
        seen.push(`-${String(message)}`);
      },
    });
    a.service.send(process.pid, 1);
    a.service.send(process.pid, 2);
    while (a.calls.mailboxes.inFlight > 0) await turn();
    expect(seen).toEqual(['+1', process.pid, '-1', '+2', process.pid, '-2']);
    expect(process.label).toBe('listener');
    expect(() => a.service.spawn({ onMessage: 1 as never })).toThrow(InvalidOptionError);
    expect(() => a.service.send('x' as never, 1)).toThrow(InvalidArgumentError);
  });
});
