import { firstValueFrom, lastValueFrom, toArray, type Subscription } from 'rxjs';
import { eventually } from '../../../../test/support/eventually';
import { PgRegistryNode } from '../node';
import { type Clock, systemClock } from '../node/clock';
import { ClaimLostError, type Key, LockTimeoutError, NamesUnavailableError } from '../term';
import { localBus, localTransport } from '../transport/local';
import type { Claim, NamesOptions } from '.';

/** Timers of this time never fire. */
const withoutTimer =
  (without: number): Clock['setTimer'] =>
  (ms, ...rest) =>
    ms === without ? () => undefined : systemClock.setTimer(ms, ...rest);

/** The machine may be busy, and then a shorter session would end by itself. */
const LONG: NamesOptions = { ttlMs: 30_000 };
/** For tests that wait for the end of a session. */
const SHORT: NamesOptions = { ttlMs: 1000 };

describe('ClusterNames', () => {
  let bus = localBus();
  let nodes: PgRegistryNode[] = [];
  const subscriptions: Subscription[] = [];

  beforeEach(() => {
    bus = localBus();
  });
  afterEach(async () => {
    for (const subscription of subscriptions.splice(0)) subscription.unsubscribe();
    bus.heal();
    await Promise.all(nodes.map((node) => node.close()));
    nodes = [];
  });

  async function start(
    name: string,
    names: false | NamesOptions = LONG,
    clock: Clock = systemClock,
  ): Promise<PgRegistryNode> {
    const options = { node: name, transport: localTransport({ bus }), names };
    const node = new PgRegistryNode(options, {
      clock,
      defaultTransport: () => localTransport({ bus }),
      logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
    });
    nodes.push(node);
    await node.connect();
    return node;
  }

  const startTwo = (names?: NamesOptions): Promise<[PgRegistryNode, PgRegistryNode]> =>
    Promise.all([start('a', names), start('b', names)]);

  test('a key is held by one process of the cluster, which knows its token', async () => {
    const [a, b] = await startTwo();
    const claim = await a.names.claim(['doc', 1], { value: 'of a' });
    expect(claim.held).toBe(true);
    expect(() => claim.assertHeld()).not.toThrow();
    expect([claim.key, claim.value, claim.pid]).toEqual([['doc', 1], 'of a', a.processes.self()]);
    expect(Number.isSafeInteger(claim.token)).toBe(true);
    await expect(b.names.tryClaim(['doc', 1])).resolves.toBeUndefined();
    await expect(b.names.claim(['doc', 1], { timeoutMs: 50 })).rejects.toThrow(LockTimeoutError);
    expect(await b.names.holder(['doc', 1])).toMatchObject({
      token: claim.token,
      value: 'of a',
      expiresInMs: 30_000,
    });
    await eventually(() => expect(b.names.whereis(['doc', 1])?.token).toBe(claim.token));
    expect(b.names.holders(['doc'])).toHaveLength(1);
    expect(b.names.holders(['other'])).toEqual([]);
    expect(a.names.held(['doc', 1])).toBe(claim);
    expect(b.names.held(['doc', 1])).toBeUndefined();
  });

  test('a released key goes to a waiting call of another node, with a higher token', async () => {
    const [a, b] = await startTwo();
    const first = await a.names.claim('k');
    const waiting = b.names.claim('k');
    await eventually(() => expect(b.names.stats().waiting).toBe(1));
    await first.release();
    expect(first.held).toBe(false);
    expect(await first.lost).toBe('released');
    expect(first.signal.reason).toBeInstanceOf(ClaimLostError);
    const second = await waiting;
    expect(second.token).toBeGreaterThan(first.token);
    expect(() => first.assertHeld()).toThrow(
      expect.objectContaining({ code: 'CLAIM_LOST', reason: 'released' }),
    );
    await expect(first.update('late')).rejects.toThrow(ClaimLostError);
    await eventually(() => expect(a.names.whereis('k')?.token).toBe(second.token));
  });

  test('a key that is given back for one node is left alone by others for the ttl, and then is free', async () => {
    const [a, b] = await startTwo(SHORT);
    const c = await start('c', SHORT);
    const first = await a.names.claim('k');
    await first.releaseFor(b.incarnation);
    expect(first.held).toBe(false);
    await expect(c.names.tryClaim('k')).resolves.toBeUndefined();
    await expect(a.names.claim('k', { timeoutMs: 50 })).rejects.toThrow(LockTimeoutError);
    expect(await c.names.holder('k')).toBeUndefined();
    const second = await b.names.claim('k');
    expect(second.token).toBeGreaterThan(first.token);
    const givenBackAt = performance.now();
    await second.releaseFor('0'.repeat(16));
    const third = await c.names.claim('k');
    expect(performance.now() - givenBackAt).toBeGreaterThan(990);
    expect(third.token).toBeGreaterThan(second.token);
  });

  test('a node that closes while it contends for a key waits no longer than the store takes', async () => {
    const a = await start('a', undefined, { ...systemClock, setTimer: withoutTimer(1000) });
    const claim = a.names.claim('k').catch((error: unknown) => error);
    await a.close();
    await expect(claim).resolves.toMatchObject({ code: 'NAMES_UNAVAILABLE' });
    const b = await start('b');
    await expect(b.names.tryClaim('k')).resolves.toMatchObject({ held: true });
  });

  test('a claim is published when its turn is over, or when somebody asks before; one that is given back by then never is', async () => {
    const [a, b] = await startTwo();
    const heard: unknown[] = [];
    subscriptions.push(b.names.watch('k').subscribe((holder) => heard.push(holder?.token)));
    const published = () => a.stats().scopes['pg.names']?.entries ?? 0;
    const first = await a.names.claim('k');
    expect(published()).toBe(0);
    expect(a.names.whereis('k')?.token).toBe(first.token);
    expect(published()).toBe(1);
    await eventually(() => expect(heard).toEqual([undefined, first.token]));
    await first.release();
    const second = await a.names.claim('k');
    const released = second.release();
    await released;
    const third = await a.names.claim('k');
    await eventually(() => expect(published()).toBe(1));
    await eventually(() => expect(heard.at(-1)).toBe(third.token));
    expect(heard).not.toContain(second.token);
    await third.release();
    // After a stall, the timer of the store's answer runs before what waits for the end of the turn.
    await eventually(() => expect(published()).toBe(0));
    const short = a.processes.spawn({ label: 'short' });
    const last = await a.processes.run(short, () => a.names.claim('k'));
    short.exit();
    expect([await last.lost, a.names.whereis('k')]).toEqual(['process-exit', undefined]);
    const fourth = await a.names.claim('other');
    await fourth.update('changed at once');
    expect(a.names.whereis('other')?.value).toBe('changed at once');
  });

  test('calls of one node get a key in the order of arrival', async () => {
    const a = await start('a');
    const order: number[] = [];
    await Promise.all(
      [1, 2, 3].map((number) =>
        a.names.withLock('k', async (claim) => {
          order.push(number);
          await Promise.resolve();
          claim.assertHeld();
        }),
      ),
    );
    expect(order).toEqual([1, 2, 3]);
  });

  test('withLock() returns what the function returns, and releases after a throw, too', async () => {
    const [a, b] = await startTwo();
    await expect(a.names.withLock('k', ({ token }) => token > 0)).resolves.toBe(true);
    const failed = a.names.withLock('k', () => Promise.reject(new Error('no')));
    await expect(failed).rejects.toThrow('no');
    await expect(b.names.withLock('k', () => 'yes')).resolves.toBe('yes');
  });

  test('withLock() rejects if the claim is lost before the function ends', async () => {
    const a = await start('a');
    const process = a.processes.spawn();
    const result = a.processes.run(process, () =>
      a.names.withLock('k', ({ signal }) => {
        process.exit();
        return signal.aborted;
      }),
    );
    await expect(result).rejects.toThrow(
      expect.objectContaining({ code: 'CLAIM_LOST', reason: 'process-exit' }),
    );
  });

  test('the figures tell at each moment what is held and how many calls wait, at the same cost for many keys', async () => {
    const [a, b] = await Promise.all([start('a', {}), start('b', {})]);
    const figures = () => [a, b].map(({ names }) => [names.stats().held, names.stats().waiting]);
    const keys = Array.from({ length: 1000 }, (_, at) => ['many', at]);
    const claims = await Promise.all(keys.map((key) => a.names.claim(key, { timeoutMs: 60_000 })));
    const waits = claims.slice(0, 20).map(({ key }) => b.names.claim(key).catch(() => undefined));
    const late = b.names.claim(['many', 21], { timeoutMs: 1 }).catch(() => undefined);
    await eventually(() => expect(figures()).toEqual([[1000, 0], [0, 20]])); // prettier-ignore
    await late;
    await Promise.all(claims.slice(0, 5).map((claim) => claim.release()));
    await eventually(() => expect(figures()).toEqual([[995, 0], [5, 15]])); // prettier-ignore
    const before = process.cpuUsage();
    for (let at = 0; at < 2000; at += 1) a.names.stats();
    const { user } = process.cpuUsage(before);
    expect(user / 1000).toBeLessThan(1000); // counting 1,000 keys takes a millisecond and more
    a.names.expire();
    expect(a.names.stats().held).toBe(0);
    await Promise.all(waits);
    expect(b.names.stats()).toMatchObject({ held: 20, waiting: 0 });
  });

  test('a node that stops ends all its claims with one write, some in each turn of the event loop', async () => {
    const [a, b] = await Promise.all([start('a', {}), start('b', {})]);
    const keys = Array.from({ length: 3000 }, (_, at) => ['many', at]);
    const claims = await Promise.all(keys.map((key) => a.names.claim(key, { timeoutMs: 60_000 })));
    const waiting = b.names.claim(['many', 7], { timeoutMs: 20_000 });
    await eventually(() => expect(b.names.stats().waiting).toBe(1));
    const { storeRequests } = a.names.stats();
    let [longestMs, before] = [0, process.cpuUsage()];
    const watch = setInterval(() => {
      longestMs = Math.max(longestMs, process.cpuUsage(before).user / 1000);
      before = process.cpuUsage();
    }, 0);
    await a.close();
    clearInterval(watch);
    expect(claims.some(({ held }) => held)).toBe(false);
    expect(await claims[7].lost).toBe('node-stopped');
    expect(a.names.stats().storeRequests - storeRequests).toBe(1);
    expect((await waiting).token).toBeGreaterThan(claims[7].token);
    expect(longestMs).toBeLessThan(100);
  });

  test('the end of very many claims is told to all of them, even if the store has no time left to hear of it', async () => {
    const a = await start('a', {});
    const keys = Array.from({ length: 1000 }, (_, at) => ['many', at]);
    const claims = await Promise.all(keys.map((key) => a.names.claim(key, { timeoutMs: 60_000 })));
    await a.names.end(0);
    expect(claims.filter(({ reason }) => reason !== 'node-stopped')).toHaveLength(0);
  });

  test('of two ends at a time each resolves', async () => {
    const a = await start('a', {});
    await a.names.claim('k');
    await Promise.all([a.names.end(1000), a.names.end(1000)]);
    await a.names.end(1000);
    expect(a.names.held('k')).toBeUndefined();
  });

  test('the exit of a process releases what it holds and ends its waiting', async () => {
    const [a, b] = await startTwo();
    const process = a.processes.spawn();
    const claim = await a.processes.run(process, () => a.names.claim('k'));
    expect(claim.pid).toBe(process.pid);
    const waiter = b.processes.spawn();
    const waiting = b.processes.run(waiter, () => b.names.claim('k', { timeoutMs: Infinity }));
    const next = b.names.claim('k');
    waiter.exit();
    await expect(waiting).rejects.toThrow(expect.objectContaining({ code: 'PROCESS_EXITED' }));
    process.exit();
    expect(await claim.lost).toBe('process-exit');
    expect((await next).held).toBe(true);
  });

  test('a process that waits for what it holds itself is told so', async () => {
    const a = await start('a', {});
    await expect(
      a.names.withLock('k', () => a.names.withLock('k', () => undefined, { timeoutMs: 20 })),
    ).rejects.toThrow(
      "The cluster name 'k' was not free within 20 ms: the same process holds it, and a claim does not let its process claim again. " +
        'Nothing more is held.',
    );
    const other = a.processes.spawn();
    await a.names.claim('k');
    await expect(a.processes.run(other, () => a.names.claim('k', { timeoutMs: 20 }))).rejects.toThrow(
      "The cluster name 'k' was not free within 20 ms. Nothing is held.",
    );
  });

  test('a signal ends the waiting, and nothing is held afterwards', async () => {
    const [a, b] = await startTwo();
    const claim = await a.names.claim('k');
    const abort = new AbortController();
    const waiting = b.names.claim('k', { signal: abort.signal, timeoutMs: Infinity });
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await claim.release();
    expect(await a.names.tryClaim('k')).toBeDefined();
    expect(b.names.stats()).toMatchObject({ held: 0, waiting: 0 });
  });

  test('update() changes what others see, and keeps the token', async () => {
    const [a, b] = await startTwo();
    const claim = await a.names.claim('k', { value: 1 });
    await claim.update({ at: 2 });
    expect(claim.value).toEqual({ at: 2 });
    expect(await b.names.holder('k')).toMatchObject({ token: claim.token, value: { at: 2 } });
    await eventually(() => expect(b.names.whereis('k')?.value).toEqual({ at: 2 }));
    await expect(claim.update((() => 1) as never)).rejects.toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE' }),
    );
    await claim.release();
    await expect(claim.update(3)).rejects.toThrow(ClaimLostError);
  });

  test('watch() emits the holder now and after each change', async () => {
    const [a, b] = await startTwo();
    const seen: (number | undefined)[] = [];
    subscriptions.push(b.names.watch('k').subscribe((holder) => seen.push(holder?.token)));
    const claim = await a.names.claim('k');
    await eventually(() => expect(seen).toEqual([undefined, claim.token]));
    await claim.release();
    await eventually(() => expect(seen).toEqual([undefined, claim.token, undefined]));
    await eventually(async () => expect(await firstValueFrom(b.names.watch('k'))).toBeUndefined());
  });

  test('watch() completes when its node stops', async () => {
    const a = await start('a');
    const claim = await a.names.claim('k');
    const seen = lastValueFrom(a.names.watch('k').pipe(toArray()));
    await a.close();
    expect((await seen)[0]?.token).toBe(claim.token);
  });

  test('a claim is released at the end of an `await using` block', async () => {
    const [a, b] = await startTwo();
    let token: number;
    {
      await using claim = await a.names.claim('k');
      ({ token } = claim);
      expect(await b.names.tryClaim('k')).toBeUndefined();
    }
    expect((await b.names.claim('k')).token).toBeGreaterThan(token);
  });

  test('the names of a node that has gone without a word are taken when its session is over', async () => {
    const [a, b] = await startTwo(SHORT);
    const claim = await a.names.claim('k');
    bus.crash('a');
    const next = await b.names.claim('k', { timeoutMs: 20_000 });
    expect(claim.held).toBe(false);
    expect(next.token).toBeGreaterThan(claim.token);
    expect(b.names.stats().fenced).toBe(1);
  });

  test('periodic tryClaim() takes over from a node that has gone without a word', async () => {
    const [a, b] = await startTwo(SHORT);
    await a.names.claim('k');
    bus.crash('a');
    await eventually(async () => expect(await b.names.tryClaim('k')).toBeDefined(), { timeoutMs: 20_000 });
  });

  test('a claim that is cut off from the store is lost before another node gets the key', async () => {
    const [a, b] = await startTwo(SHORT);
    const claim = await a.names.claim('k');
    bus.disconnect('a');
    const next = b.names.claim('k', { timeoutMs: 20_000 });
    expect(await claim.lost).toBe('disconnected');
    expect((await next).token).toBeGreaterThan(claim.token);
    expect(claim.held).toBe(false);
    bus.reconnect('a');
    await expect(a.names.tryClaim('k')).resolves.toBeUndefined();
  });

  test('a drain ends claims after the work in flight, and hands the key over at once', async () => {
    const [a, b] = await startTwo();
    const claim = await a.names.claim('k');
    const late = a.names.claim('other');
    await late;
    const next = b.names.claim('k');
    await eventually(() => expect(b.names.stats().waiting).toBe(1));
    await a.drain();
    expect(await claim.lost).toBe('node-stopped');
    expect((await next).held).toBe(true);
    await expect(a.names.claim('k')).rejects.toThrow(NamesUnavailableError);
  });

  test('a node that is closed without a drain gives its names back', async () => {
    const [a, b] = await startTwo();
    const claim = await a.names.claim('k');
    await a.close();
    expect(claim.held).toBe(false);
    await expect(b.names.tryClaim('k')).resolves.toBeDefined();
  });

  test('claims made before the connection wait for it', async () => {
    const a = new PgRegistryNode(
      { node: 'early', transport: localTransport({ bus }) },
      { defaultTransport: () => localTransport({ bus }) },
    );
    nodes.push(a);
    const claim = a.names.claim('k');
    await a.connect();
    expect((await claim).held).toBe(true);
  });

  test('names: false refuses every claim and says so', async () => {
    const a = await start('a', false);
    await expect(a.names.claim('k')).rejects.toThrow("option 'names' of node 'a' is false");
    await expect(a.names.tryClaim('k')).rejects.toThrow(NamesUnavailableError);
    await expect(a.names.withLock('k', () => 1)).rejects.toThrow(NamesUnavailableError);
  });

  test('wrong arguments throw before anything is claimed', async () => {
    const a = await start('a');
    const large = 'x'.repeat(4097);
    await expect(a.names.claim(large)).rejects.toThrow(expect.objectContaining({ code: 'VALUE_TOO_LARGE' }));
    await expect(a.names.claim(new Map() as never)).rejects.toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE' }),
    );
    await expect(a.names.claim('k', { ttl: 1 } as never)).rejects.toThrow("Unknown option 'ttl'");
    await expect(a.names.claim('k', { timeoutMs: -1 })).rejects.toThrow('timeoutMs');
    await expect(a.names.tryClaim('k', { timeoutMs: 1 } as never)).rejects.toThrow(
      "Unknown option 'timeoutMs'",
    );
    await expect(a.names.withLock('k', 1 as never)).rejects.toThrow('must be a function');
    expect(a.names.stats()).toMatchObject({ held: 0, waiting: 0, storeRequests: 0 });
  });

  test.each<[Record<string, unknown>, string]>([
    [{ ttlMs: 999 }, 'ttlMs'],
    [{ ttlMs: 3_600_001 }, 'ttlMs'],
    [{ takeover: 'soon' }, 'takeover'],
    [{ maxClockDrift: 1 }, 'maxClockDrift'],
    [{ bucket: 'a b' }, 'bucket'],
    [{ replicas: 2 }, 'replicas'],
    [{ ttl: 1 }, 'ttl'],
  ])('the options %j are refused', (names, option) => {
    const make = (): PgRegistryNode =>
      new PgRegistryNode({ names }, { defaultTransport: () => localTransport({ bus }) });
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', option }));
  });

  test('a transport without a store refuses claims with NamesUnavailableError', async () => {
    const inner = localTransport({ bus });
    const transport = {
      kind: 'bare',
      connect: async (options: Parameters<typeof inner.connect>[0]) => {
        const connection = await inner.connect(options);
        return Object.assign(connection, { leaseStore: undefined });
      },
    };
    const a = new PgRegistryNode({ node: 'a', transport }, { defaultTransport: () => inner });
    nodes.push(a);
    await a.connect();
    await expect(a.names.claim('k')).rejects.toThrow('has no store for cluster names');
  });

  test('a node that uses no names asks the store for nothing and runs no scope for them', async () => {
    const a = await start('a');
    a.scope('pg').register('x');
    expect(a.names.stats()).toMatchObject({ session: 'none', storeRequests: 0 });
    expect(Object.keys(a.stats().scopes)).toEqual(['pg']);
  });

  test('of many claims of many nodes of one key, never two are held at a time', async () => {
    const all = await Promise.all(['a', 'b', 'c'].map((name) => start(name)));
    let holders = 0;
    let last = 0;
    const work = (node: PgRegistryNode): Promise<void> =>
      node.names.withLock(
        'k' satisfies Key,
        async (claim: Claim) => {
          holders += 1;
          expect(holders).toBe(1);
          expect(claim.token).toBeGreaterThan(last);
          last = claim.token;
          await new Promise((resolve) => setImmediate(resolve));
          holders -= 1;
        },
        { timeoutMs: Infinity },
      );
    await Promise.all(all.flatMap((node) => Array.from({ length: 10 }, () => work(node))));
    expect(holders).toBe(0);
  });
});
