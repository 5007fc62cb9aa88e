import { inspect } from 'node:util';
import { Pid, PgRegistryError, RemoteError } from '../term';
import { expectNoLeak, FakeCluster, turn } from './calls.fixture';
import { errorOfForm } from './error-form';

class Hostile extends Error {
  constructor(name: string) {
    super('hostile');
    Object.defineProperty(this, name, {
      get: () => {
        throw new Error(`reading ${name}`);
      },
    });
  }
}

class HostileOwn extends PgRegistryError {
  constructor(name: string) {
    super('hostile', { code: 'TRANSPORT' });
    Object.defineProperty(this, name, {
      enumerable: true,
      get: () => {
        throw new Error(`reading ${name}`);
      },
    });
  }
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable(new Error('x'), {});
  revoke();
  return proxy;
}

const thrower = (): never => {
  throw new Error('from a trap');
};

const constructorThrows = (): Promise<unknown> =>
  Object.defineProperty(Promise.resolve(1), 'constructor', { get: thrower });

/** Whatever JavaScript can throw and a handler should not. */
const HOSTILE: readonly (readonly [string, () => unknown])[] = [
  ...['code', 'message', 'name', 'stack', 'cause', 'then', 'toString', 'toJSON', 'constructor'].map(
    (name) => [`an error whose ${name} throws`, () => new Hostile(name)] as const,
  ),
  ...['code', 'message', 'name', 'extra'].map(
    (name) => [`an error of the library whose ${name} throws`, () => new HostileOwn(name)] as const,
  ),
  [
    'an error whose message is an object that throws',
    () => Object.assign(new Error('x'), { message: { toString: thrower } }),
  ],
  ['an error whose name is a symbol', () => Object.assign(new Error('x'), { name: Symbol('name') })],
  ['an error whose code is an object', () => Object.assign(new Error('x'), { code: { toString: thrower } })],
  ['an object without a prototype', () => Object.create(null) as unknown],
  ['an object whose toString and toJSON throw', () => ({ toString: thrower, toJSON: thrower })],
  ['an object whose toJSON returns nothing', () => ({ toJSON: () => undefined })],
  ['an object of which no property can be read', () => new Proxy({}, { get: thrower, has: () => true })],
  ['a revoked proxy', revoked],
  [
    'a proxy whose traps throw',
    () =>
      new Proxy(new Error('x'), { get: thrower, getPrototypeOf: thrower, has: thrower, ownKeys: thrower }),
  ],
  ['a symbol', () => Symbol('s')],
  ['undefined', () => undefined],
  ['a bigint', () => 1n],
  ['a function', () => thrower],
];

describe('a handler that throws something hostile', () => {
  it.each(HOSTILE)(
    'a process answers its callers when a handler throws %s, and handles the next message',
    async (_, make) => {
      const cluster = new FakeCluster();
      const [a, b] = [cluster.node('a'), cluster.node('b', { remoteStacks: true })];
      const handlers = {
        sync: () => {
          throw make();
        },
        async: async () => {
          await turn();
          throw make();
        },
        ok: () => 'ok',
      };
      const { pid } = b.serve(handlers, { serial: true, casts: handlers });
      for (const caller of [a, b]) {
        for (const name of ['sync', 'async']) {
          caller.service.cast(pid, name);
          const failure: unknown = await caller.service.call(pid, name).catch((error: unknown) => error);
          expect(Object.prototype.toString.call(failure)).toBe('[object Error]');
          expect(await caller.service.call(pid, 'ok')).toBe('ok');
        }
      }
      expect(b.calls.stats()).toMatchObject({ inFlight: 0, serving: 0, warnings: { 'handler-failed': 4 } });
      expectNoLeak(cluster);
    },
  );

  it.each(HOSTILE)(
    'a call ends whose handler returns %s, and the next message is handled',
    async (_, make) => {
      const cluster = new FakeCluster();
      const [a, b] = [cluster.node('a'), cluster.node('b')];
      const { pid } = b.serve({ hostile: make, ok: () => 'ok' }, { serial: true });
      for (const caller of [a, b]) {
        await caller.service.call(pid, 'hostile').catch((error: unknown) => error);
        expect(await caller.service.call(pid, 'ok')).toBe('ok');
      }
      expectNoLeak(cluster);
    },
  );

  it('a call ends whose handler returns a promise whose constructor throws', async () => {
    const cluster = new FakeCluster();
    const a = cluster.node('a');
    const { pid } = a.serve({ hostile: constructorThrows, ok: () => 'ok' }, { serial: true });
    await expect(a.service.call(pid, 'hostile')).rejects.toBeInstanceOf(RemoteError);
    expect(await a.service.call(pid, 'ok')).toBe('ok');
    expectNoLeak(cluster);
  });

  it('a mailbox handles the next message after a tracer threw', async () => {
    const cluster = new FakeCluster();
    const a = cluster.node('a', {
      tracer: {
        outgoing: () => undefined,
        incoming: ({ name }) =>
          name === 'ok' ? { run: (handler) => handler(), end: thrower, fail: thrower } : thrower(),
      },
    });
    const { pid } = a.serve({ ok: () => 'ok', refused: () => 'x' }, { serial: true });
    await expect(a.service.call(pid, 'refused')).rejects.toBeInstanceOf(RemoteError);
    expect(await a.service.call(pid, 'ok')).toBe('ok');
    expect(await a.service.call(pid, 'ok')).toBe('ok');
    expect(a.calls.mailboxes.inFlight).toBe(0);
  });
});

describe('an error that another node answers with', () => {
  it.each(['/node_modules/a', 'f (/srv/node_modules/@a/b', '\\node_modules\\a/x.js:1:2)'])(
    'has no line in its stack in which Node.js looks for packages, such as %j, and can be printed in colours',
    (place) => {
      const stack = `Error: m\n    at ${place}\n    at ${place}`;
      const form = { ownClass: false, name: 'Error', code: '', message: 'm', fields: {} };
      const error = errorOfForm({ ...form, stack });
      expect(error.stack).not.toMatch(/\n {4}at/);
      expect(error.stack).toContain(`at ${place}`);
      expect(inspect(error, { colors: true })).toContain(place);
      expect(errorOfForm({ ...form, stack: stack.repeat(1000) }).stack!.length).toBeLessThanOrEqual(4096);
    },
  );
});

describe('an exit with a hostile reason', () => {
  it.each(HOSTILE)(
    'an exit for the reason %s reaches monitors, removes the entries and ends owned processes',
    async (_, make) => {
      const cluster = new FakeCluster();
      const [a, b] = [cluster.node('a'), cluster.node('b')];
      const told: unknown[] = [];
      const process = b.serve({});
      const owned = b.processes.spawn(undefined, { owner: process });
      b.register({ scope: 's', key: 'k' }, process);
      for (const node of [a, b]) node.service.monitor(process.pid).subscribe(({ pid }) => told.push(pid));
      await turn();
      process.exit(make());
      await process.exited;
      await turn();
      expect(told).toHaveLength(2);
      expect(told.every((pid) => pid instanceof Pid)).toBe(true);
      expect([owned.alive, cluster.names, b.processes.get(process.pid)]).toEqual([false, [], undefined]);
      b.processes.spawn();
      b.processes.exitAll(make());
      expect(b.processes.size).toBe(0);
      expect(b.warnings).toEqual([]);
    },
  );

  it('a process ends whose signal aborts with a hostile reason', () => {
    const a = new FakeCluster().node('a');
    const controller = new AbortController();
    const process = a.processes.spawn(undefined, { signal: controller.signal });
    controller.abort(revoked());
    expect([process.alive, a.processes.get(process.pid)]).toEqual([false, undefined]);
  });
});
