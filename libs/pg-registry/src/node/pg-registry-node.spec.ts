import { inspect } from 'node:util';
import { firstValueFrom, filter } from 'rxjs';
import { via } from '../calls';
import {
  InvalidArgumentError,
  InvalidOptionError,
  ScopeAlreadyStartedError,
  ScopeNotRunningError,
  TransportError,
} from '../term';
import type { Transport } from '../transport';
import { type LocalBus, localBus, localTransport } from '../transport/local';
import { type Clock, systemClock } from './clock';
import type { NodeLogger } from './logger';
import type { NodeOptions } from './node-options';
import { PgRegistryNode } from './pg-registry-node';

const silent: NodeLogger = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** A transport on which no frame of a stream arrives, as if no peer sent its entries. */
function withoutStreams(transport: Transport): Transport {
  return {
    kind: transport.kind,
    connect: async (options) => {
      const connection = await transport.connect(options);
      const subscribe = connection.subscribe.bind(connection);
      connection.subscribe = (subject, onMessage) =>
        subscribe(subject, (on, bytes, reply) => {
          if (!/\.(ops|sync|repair)\./.test(on)) onMessage(on, bytes, reply);
        });
      return connection;
    },
  };
}

describe('a node', () => {
  let bus: LocalBus;
  let nodes: PgRegistryNode[];

  beforeEach(() => {
    bus = localBus();
    nodes = [];
  });
  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.close()));
  });

  function make(options: NodeOptions = {}, { logger = silent, clock = systemClock } = {}): PgRegistryNode {
    const node = new PgRegistryNode(
      { transport: localTransport({ bus }), ...options },
      { defaultTransport: localTransport, logger, clock },
    );
    nodes.push(node);
    return node;
  }

  async function start(name: string, options: NodeOptions = {}): Promise<PgRegistryNode> {
    const node = make({ node: name, ...options });
    await node.connect();
    await node.synced();
    return node;
  }

  /** Resolves with the first value of the watched key that satisfies the condition. */
  const seen = (node: PgRegistryNode, key: string, count: number) =>
    firstValueFrom(
      node
        .scope('pg')
        .watch(key)
        .pipe(filter((entries) => entries.length === count)),
    );

  it('a node accepts writes and reads before it connects', () => {
    const registry = make().scope('pg');
    registry.register('early', 1);
    expect(registry.lookup('early')).toMatchObject([{ key: 'early', value: 1 }]);
  });

  it('a node logs listeners and exits that throw what cannot be read, removes the entries, tells monitors and closes', async () => {
    const lines: string[] = [];
    const logger: NodeLogger = { log: () => undefined, warn: (line) => lines.push(line), error: (line) => lines.push(line) }; // prettier-ignore
    const hostile = (): object => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    };
    const listener = {
      onRegister: () => {
        throw hostile();
      },
      onUnregister: () => Promise.reject(hostile()),
    };
    const a = make({ node: 'a', scopes: [{ name: 'pg', listeners: [listener] }] }, { logger });
    const told: unknown[] = [];
    const process = a.processes.spawn();
    a.processes.monitor(process.pid).subscribe(({ reason }) => told.push(reason));
    a.scope('pg').join('k', process.pid, 1);
    process.exit(hostile());
    expect(a.scope('pg').lookup('k')).toEqual([]);
    await a.close();
    expect([told, a.state]).toEqual([['a reason that cannot be read'], 'stopped']);
    expect(lines).toEqual([
      "onRegister of a listener of scope 'pg' failed for 'k': an object that cannot be read",
      "onUnregister of a listener of scope 'pg' failed for 'k': an object that cannot be read",
    ]);
  });

  it('a node brings along the entries from before it connected', async () => {
    const a = await start('a');
    const b = make({ node: 'b' });
    b.scope('pg').register('early', 1);
    await b.connect();
    const [entry] = await seen(a, 'early', 1);
    expect(entry).toMatchObject({ value: 1, pid: { node: 'b', incarnation: b.incarnation } });
  });

  it('a node is in sync as soon as synced() resolves', async () => {
    const a = await start('a');
    for (let i = 0; i < 5000; i += 1) a.scope('pg').register(`k${i}`, i);
    const b = await start('b');
    expect(b.scope('pg').count()).toBe(5000);
    expect(b.peers()).toMatchObject([{ node: 'a', suspect: false }]);
  });

  it('synced() names the peers that it waited for in vain, gives up one that sends nothing, and health() names it', async () => {
    const a = await start('a');
    a.scope('pg').register('k');
    const b = make({ node: 'b', transport: withoutStreams(localTransport({ bus })) });
    await b.connect();
    await expect(b.synced({ timeoutMs: 1000 })).rejects.toThrow(
      "The entries of 'a' have not arrived after 1000 ms",
    );
    expect(await b.health()).toMatchObject({ healthy: true, synced: false, awaited: ['a'], givenUp: [] });
    await b.synced();
    expect(await b.health()).toMatchObject({ healthy: true, synced: true, awaited: [], givenUp: ['a'] });
    expect(b.stats().protocol.arrivals).toEqual({ awaited: [], givenUp: ['a'], overfull: [] });
  });

  it.each(['synced', 'health', 'drain'] as const)(
    '%s() refuses options that are unknown or wrong',
    async (method) => {
      const node = await start('a');
      const wrong: readonly [object, string][] = [
        [{ timeout: 5 }, "Unknown option 'timeout' of "],
        [{ timeoutMs: -1 }, "Option 'timeoutMs' of "],
        [{ timeoutMs: '5' }, "Option 'timeoutMs' of "],
        [[], 'The options of '],
      ];
      for (const [options, message] of wrong) {
        await expect(node[method](options as never)).rejects.toThrow(InvalidOptionError);
        await expect(node[method](options as never)).rejects.toThrow(message);
      }
      expect(node.state).toBe('ready');
    },
  );

  it('a scope cannot be started beyond maxScopes', () => {
    const node = make({ maxScopes: 2 });
    node.startScope('s');
    expect(() => node.startScope('t')).toThrow(InvalidOptionError);
    expect(node.stopScope('s')).toBe(true);
    expect(node.startScope('t').scope).toBe('t');
  });

  it('writes of a node have arrived everywhere when replicated() resolves', async () => {
    const [a, b] = [await start('a'), await start('b')];
    a.scope('pg').register('k', { deep: [1, new Map([['x', new Date(0)]])] });
    await a.scope('pg').replicated();
    expect(b.scope('pg').lookup('k')).toEqual(a.scope('pg').lookup('k'));
  });

  it('all entries of a peer go when it leaves', async () => {
    const [a, b] = [await start('a'), await start('b')];
    b.scope('pg').register('k');
    await seen(a, 'k', 1);
    const gone = seen(a, 'k', 0);
    await b.close();
    await gone;
    expect(a.peers()).toEqual([]);
  });

  it('a node keeps one registry object per scope across stops and starts', async () => {
    const node = make({ scopes: ['docs'] });
    const docs = node.scope('docs');
    docs.register('k');
    expect(node.stopScope('docs')).toBe(true);
    expect(node.stopScope('docs')).toBe(false);
    expect(docs.count()).toBe(0);
    expect(() => docs.lookup('k')).toThrow(ScopeNotRunningError);
    expect(node.startScope({ name: 'docs', keys: 'unique' })).toBe(docs);
    expect(docs.lookup('k')).toEqual([]);
    expect(docs.keysMode).toBe('unique');
  });

  it('startScope() refuses a running scope, and its error carries the running one', () => {
    const node = make({ scopes: ['docs'] });
    node.scope('docs').register('k');
    expect(() => node.startScope('docs')).toThrow(ScopeAlreadyStartedError);
    expect(() => node.startScope('docs')).toThrow(
      expect.objectContaining({ running: node.scope('docs') }) as Error,
    );
    expect(node.scope('docs').count()).toBe(1);
  });

  it('ensureScope() returns the running scope for the same options or none, and its error names both otherwise', () => {
    const node = make({ scopes: [{ name: 'docs', keys: 'unique' }] });
    expect(node.ensureScope('docs')).toBe(node.scope('docs'));
    expect(node.ensureScope({ name: 'docs', keys: 'unique' })).toBe(node.scope('docs'));
    expect(() => node.ensureScope({ name: 'docs', keys: 'duplicate' })).toThrow(InvalidOptionError);
    expect(() => node.ensureScope({ name: 'docs', keys: 'duplicate' })).toThrow(/'unique'.*'duplicate'/);
  });

  it('a peer learns at once that a scope stopped, and gets its entries again after its restart', async () => {
    const [a, b] = [await start('a', { scopes: ['docs'] }), await start('b', { scopes: ['docs'] })];
    const docs = b.scope('docs');
    a.scope('docs').register('k', 'a');
    docs.register('k', 'b');
    const values = (count: number) =>
      firstValueFrom(
        a
          .scope('docs')
          .watch('k')
          .pipe(filter((entries) => entries.length === count)),
      );
    await values(2);
    b.stopScope('docs');
    expect(await values(1)).toMatchObject([{ value: 'a' }]);
    b.startScope('docs');
    await firstValueFrom(docs.watch('k').pipe(filter((entries) => entries.length === 1)));
    expect(docs.lookup('k')).toMatchObject([{ value: 'a' }]);
  });

  it('a node that is fenced by a younger node of its name ends its processes, stops, logs it and refuses writes', async () => {
    const errors: string[] = [];
    const older = make({ node: 'twin' }, { logger: { ...silent, error: (message) => errors.push(message) } });
    await older.connect();
    const witness = await start('witness');
    older.scope('pg').register('k', 'older');
    const process = older.processes.spawn();
    await seen(witness, 'k', 1);
    const stopped = new Promise<void>((complete) => older.peers$.subscribe({ complete }));

    const later = { ...systemClock, wall: () => Date.now() + 1000 };
    const younger = make({ node: 'twin' }, { clock: later });
    younger.scope('pg').register('k', 'younger');
    await younger.connect();
    await stopped;

    expect(older.state).toBe('fenced');
    expect(process).toMatchObject({ alive: false, reason: 'shutdown' });
    expect(errors.join()).toContain(younger.incarnation);
    expect(() => older.scope('pg').register('k')).toThrow(ScopeNotRunningError);
    expect(() => older.startScope('other')).toThrow(/superseded/);
    expect(younger.state).toBe('ready');
    await firstValueFrom(
      witness
        .scope('pg')
        .watch('k')
        .pipe(filter(([entry]) => entry?.value === 'younger')),
    );
    expect(witness.scope('pg').count()).toBe(1);
  });

  it('a draining node finishes calls in flight, then its entries leave, and it can still call others', async () => {
    const [a, b] = [await start('a'), await start('b')];
    let finish!: (answer: string) => void;
    const answer = new Promise<string>((resolve) => (finish = resolve));
    const worker = b.processes.mount({
      label: 'worker',
      serial: false,
      handlers: { call: () => answer, cast: () => undefined, message: () => undefined },
    });
    b.scope('pg').join('worker', worker.pid);
    await seen(a, 'worker', 1);
    const call = a.processes.call(worker.pid, 'work');
    await b.scope('pg').replicated();
    const drained = b.drain();
    await firstValueFrom(a.peers$.pipe(filter(([peer]) => peer?.state === 'draining')));
    expect(a.scope('pg').count()).toBe(1);
    finish('done');
    expect(await call).toBe('done');
    await drained;
    expect(b.scope('pg').count()).toBe(0);
    await b.scope('pg').replicated();
    await expect(a.processes.call(via('pg', 'worker'), 'work')).rejects.toMatchObject({
      code: 'NOT_REGISTERED',
    });
  });

  it('a node tells whether it is connected, and suspects all peers while it is not', async () => {
    const [a] = [await start('a'), await start('b')];
    const seenStates: boolean[] = [];
    a.connected$.subscribe((connected) => seenStates.push(connected));
    const suspected = firstValueFrom(a.peers$.pipe(filter(([peer]) => peer?.suspect === 'disconnected')));
    bus.disconnect('a');
    await suspected;
    const recovered = firstValueFrom(a.peers$.pipe(filter(([peer]) => peer?.suspect === false)));
    bus.reconnect('a');
    await recovered;
    await a.close();
    expect(seenStates).toEqual([true, false, true, false]);
  });

  it('a node is healthy while it is connected and its broker answers, and names the fault otherwise', async () => {
    const node = make({ node: 'a' });
    expect(await node.health()).toMatchObject({ healthy: false, reason: 'the node is new' });
    await node.connect();
    expect(await node.health()).toMatchObject({ healthy: true, state: 'ready', connected: true, peers: 0 });
    bus.disconnect('a');
    expect(await node.health()).toMatchObject({ healthy: false, reason: 'not connected' });
    bus.reconnect('a');
    await firstValueFrom(node.connected$.pipe(filter(Boolean)));
    await node.drain();
    expect(await node.health()).toMatchObject({ healthy: false, reason: 'the node is draining' });
  });

  it('a node is unhealthy as soon as a flush does not return', async () => {
    const stuck: Transport = {
      kind: 'stuck',
      connect: async (options) => {
        const connection = await localTransport({ bus }).connect(options);
        return Object.assign(connection, { flush: () => new Promise<void>(() => undefined) });
      },
    };
    const node = make({ transport: stuck });
    await node.connect();
    const health = await node.health({ timeoutMs: 20 });
    expect(health).toMatchObject({
      healthy: false,
      reason: 'the broker did not answer a flush within 20 ms',
    });
  });

  it('a node is unhealthy two seconds after its timers stopped, also if nothing is due', async () => {
    let [standing, skew] = [false, 0];
    const clock: Clock = {
      ...systemClock,
      now: () => systemClock.now() + skew,
      // Timers that come while time stands still are lost.
      setTimer: (ms, fn, options) => systemClock.setTimer(ms, () => void (standing || fn()), options),
      afterTurn: (fn) => systemClock.afterTurn(() => void (standing || fn())),
    };
    const node = make({ helloIntervalMs: 60_000, settleMs: 1, onlookerIntervalMs: 60_000 }, { clock });
    await node.connect();
    await node.synced();
    expect(await node.health()).toMatchObject({ healthy: true });
    standing = true;
    skew = 2000;
    const health = await node.health();
    expect(health).toMatchObject({ healthy: false, connected: true });
    expect(health.reason).toMatch(/^the node has not moved for [12]\d\d\d ms$/);
    expect(health.overdueMs).toBeGreaterThan(1000);
  });

  it('reachable() refuses a value that is no pid', () => {
    const node = make({ node: 'a' });
    expect(node.reachable(node.processes.self())).toBe(true);
    for (const wrong of ['<a.0>', undefined, null, { node: 'a', incarnation: node.incarnation, id: 0 }]) {
      expect(() => node.reachable(wrong as never)).toThrow(InvalidArgumentError);
    }
  });

  it('a node, its scopes, services and processes are each printed in one line', async () => {
    const node = make({ node: 'a', scopes: [{ name: 'docs', keys: 'unique' }] });
    const docs = node.scope('docs');
    docs.register('k', { large: 'x'.repeat(1000) });
    const process = node.processes.spawn({ label: 'worker' });
    expect(inspect(node)).toBe('PgRegistryNode <a> (new, 0 peers, scopes pg, docs)');
    expect(inspect(docs)).toBe('PgRegistryService <docs> (unique keys, 1 entry, 1 of this node)');
    expect(inspect(node.scope('other'))).toBe('PgRegistryService <other> (not running)');
    expect(inspect({ at: process.pid })).toBe('{ at: <a.1> }');
    expect(inspect(process)).toBe('LocalProcess <a.1> (worker, alive)');
    process.exit('done');
    expect(inspect(process)).toBe('LocalProcess <a.1> (worker, ended)');
    expect(inspect(node.processes)).toBe('ProcessService <a> (1 process)');
    expect(inspect(via('docs', ['doc', 1]))).toBe("Via <docs> (['doc', 1])");
    await node.close();
    expect(inspect(node)).toBe('PgRegistryNode <a> (stopped, 0 peers)');
  });

  it('health() tells when the last sync ended and how many peers are suspects', async () => {
    const began = Date.now();
    const a = await start('a');
    expect(await a.health()).toMatchObject({ lastSyncAt: null, suspects: 0, fenced: false });
    const b = make({ node: 'b' });
    b.scope('pg').register('k');
    await b.connect();
    await seen(a, 'k', 1);
    const { lastSyncAt } = await a.health();
    expect(Date.parse(lastSyncAt!)).toBeGreaterThanOrEqual(began);
    const suspected = firstValueFrom(a.peers$.pipe(filter(([peer]) => peer?.suspect !== false)));
    bus.disconnect('b');
    await suspected;
    expect(await a.health()).toMatchObject({ healthy: true, peers: 1, suspects: 1 });
  });

  it('stats() counts peers, entries and processes', async () => {
    const node = await start('a', { scopes: ['docs'] });
    node.scope('docs').register('k');
    expect(node.stats()).toMatchObject({
      state: 'ready',
      connected: true,
      processes: 1,
      scopes: { pg: { entries: 0, local: 0 }, docs: { entries: 1, local: 1 } },
      protocol: { peers: 0, suspects: 0 },
    });
  });

  it('connect() rejects with the reason, and can be called again', async () => {
    const transport: Transport = {
      kind: 'refusing',
      connect: () => Promise.reject(new TransportError('Nobody answers at nowhere.')),
    };
    const node = make({ transport });
    await expect(node.connect()).rejects.toThrow('Nobody answers');
    expect(node.state).toBe('new');
  });

  it('a node that is closed while it connects does not appear in the cluster', async () => {
    const witness = await start('witness');
    const slow = localTransport({ bus });
    let letThrough!: () => void;
    const barrier = new Promise<void>((resolve) => (letThrough = resolve));
    const close = jest.fn();
    const transport: Transport = {
      kind: 'slow',
      connect: async (options) => {
        await barrier;
        const connection = await slow.connect(options);
        return Object.assign(Object.create(connection) as typeof connection, {
          close: () => {
            close();
            return connection.close();
          },
        });
      },
    };
    const node = make({ node: 'late', transport });
    const connecting = node.connect();
    await node.drain();
    await node.close();
    letThrough();
    await expect(connecting).rejects.toThrow(/'late' was stopped before it had connected/);
    expect(close).toHaveBeenCalledTimes(1);
    expect(node.state).toBe('stopped');
    expect(witness.peers()).toEqual([]);
  });

  it('a leaving node answers calls so that their callers ask another member', async () => {
    const [a, b, c] = [await start('a'), await start('b', { drainMs: 60_000 }), await start('c')];
    let finish!: () => void;
    const handlers = (answer: unknown) => ({
      call: () => answer,
      cast: () => undefined,
      message: () => undefined,
    });
    const working = new Promise<void>((resolve) => (finish = resolve));
    for (const node of [b, c]) {
      const worker = node.processes.mount({
        label: 'worker',
        serial: false,
        handlers: handlers(node === b ? working : 'c'),
      });
      node.scope('pg').join('worker', worker.pid);
    }
    await seen(a, 'worker', 2);
    const [mine] = b.scope('pg').lookupLocal('worker');
    const inFlight = a.processes.call(mine.pid, 'work');
    await b.scope('pg').replicated();
    const drained = b.drain();
    await firstValueFrom(a.peers$.pipe(filter((peers) => peers.some(({ state }) => state === 'draining'))));
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => a.processes.call(via('pg', 'worker').pick('round-robin'), 'work')),
    );
    expect(new Set(answers)).toEqual(new Set(['c']));
    await expect(a.processes.call(mine.pid, 'work')).rejects.toThrow(/about to leave.*Nothing was executed/);
    finish();
    await inFlight;
    await drained;
  });

  it('close() closes a node once, however often it is called, and nothing starts afterwards', async () => {
    const node = await start('a');
    await Promise.all([node.close(), node.close()]);
    await node.drain();
    expect(node.state).toBe('stopped');
    expect(() => node.startScope('docs')).toThrow(ScopeNotRunningError);
    expect(() => node.processes.spawn()).toThrow(/stopped/);
  });
});
