import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PgRegistryNode } from '../../../libs/pg-registry/src/node';
import type { NamesOptions } from '../../../libs/pg-registry/src/names';
import {
  ClaimLostError,
  InvalidOptionError,
  InvalidValueError,
  NamesUnavailableError,
  ValueTooLargeError,
} from '../../../libs/pg-registry/src/term';
import { localTransport } from '../../../libs/pg-registry/src/transport/local';
import { natsTransport } from '../../../libs/pg-registry/src/transport/nats';
import { permissionsOf } from '../../../libs/pg-registry/src/wire';
import { eventually } from '../../support/eventually';
import { limitFileSize } from './file-size-limit';
import { NatsLeaseStores } from './nats-lease-stores';

jest.setTimeout(60_000);

const JETSTREAM = 'jetstream { store_dir: "DIR/jetstream" }';
const STREAM = 'pgr_pg_names';

interface Start {
  readonly names?: NamesOptions;
  readonly namespace?: string;
  readonly user?: string;
}

describe.each(['nats', '@nats-io/transport-node'] as const)('cluster names over %s', (client) => {
  let stores: NatsLeaseStores;
  let nodes: PgRegistryNode[] = [];
  let errors: string[] = [];

  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    nodes = [];
    errors = [];
    await stores[Symbol.asyncDispose]();
  });

  async function serve(config = JETSTREAM): Promise<void> {
    stores = await NatsLeaseStores.start(client, { config });
  }

  function make(name: string, { names = {}, namespace, user }: Start = {}): PgRegistryNode {
    const transport = natsTransport({
      servers: stores.server.url,
      client,
      reconnectTimeWait: 20,
      reconnectJitter: 0,
      ...(user !== undefined && { user, pass: user }),
    });
    const node = new PgRegistryNode(
      {
        node: name,
        transport,
        names: { ttlMs: 1000, ...names },
        ...(namespace !== undefined && { namespace }),
      },
      {
        defaultTransport: () => localTransport(),
        logger: {
          log: () => undefined,
          warn: () => undefined,
          error: (message) => errors.push(message),
        },
      },
    );
    nodes.push(node);
    return node;
  }

  async function start(name: string, options?: Start): Promise<PgRegistryNode> {
    const node = make(name, options);
    await node.connect();
    return node;
  }

  /** Nothing is held, wanted or published. */
  function expectNothing({ names }: PgRegistryNode): void {
    expect(names.stats()).toMatchObject({ held: 0, waiting: 0 });
    expect(names.holders()).toEqual([]);
  }

  test('refuse options that are unknown or out of bounds, before the server hears of them', async () => {
    await serve();
    for (const names of [{ ttlMs: 999 }, { ttlMs: 3_600_001 }, { ttlMs: 1500.5 }, { ttl: 1000 }])
      expect(() => make('a', { names })).toThrow(InvalidOptionError);
    for (const ttlMs of [1000, 3_600_000]) {
      const node = await start(`n${ttlMs}`, { names: { ttlMs } });
      expect((await node.names.tryClaim(ttlMs))?.held).toBe(true);
    }
    const node = await start('a');
    const options = { waitMs: 1 } as object;
    await expect(node.names.claim('k', options)).rejects.toThrow(InvalidOptionError);
    await expect(node.names.tryClaim('k', { timeoutMs: 1 } as object)).rejects.toThrow(InvalidOptionError);
    await expect(node.names.claim('k', { timeoutMs: -1 })).rejects.toThrow(InvalidOptionError);
    expect(await node.names.holder('k')).toBeUndefined();
    expect(node.names.stats()).toMatchObject({ held: 0, waiting: 0 });
  });

  test('refuse a key of more than 4,096 bytes, and take one of exactly so many', async () => {
    await serve();
    const [a, b] = [await start('a'), await start('b')];
    // A text takes its bytes, and a few for its type and length.
    const sizes = Array.from({ length: 12 }, (_, at) => 4088 + at);
    const outcomes = await Promise.allSettled(sizes.map((size) => a.names.claim('k'.repeat(size))));
    const claims = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const refused = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []));
    expect(refused.every((error) => error instanceof ValueTooLargeError)).toBe(true);
    const taken = sizes.slice(0, claims.length).map((size) => 'k'.repeat(size));
    expect(claims.map((claim) => claim.key)).toEqual(taken);
    const longest = claims.at(-1)!;
    const key = taken.at(-1)!;
    expect(key.length).toBeGreaterThan(4088);
    expect(key.length).toBeLessThanOrEqual(4096);
    await expect(b.names.holder(`${key}k`)).rejects.toThrow(/maxKeyBytes = 4096/);
    expect(await b.names.holder(key)).toMatchObject({ key, token: longest.token });
    expect(await b.names.tryClaim(key)).toBeUndefined();
    const waiting = b.names.claim(key, { timeoutMs: 20_000 });
    await Promise.all(claims.map((claim) => claim.release()));
    await (await waiting).release();
    await eventually(() => expectNothing(a));
    await eventually(() => expectNothing(b));
  });

  test('refuse a key that is none', async () => {
    await serve();
    const node = await start('a');
    const { names } = node;
    for (const key of [undefined, () => 1, Symbol('k'), [() => 1], new (class Mine {})(), new WeakMap()]) {
      await expect(names.claim(key as never)).rejects.toThrow(InvalidValueError);
      await expect(names.tryClaim(key as never)).rejects.toThrow(InvalidValueError);
      await expect(names.holder(key as never)).rejects.toThrow(InvalidValueError);
    }
    expectNothing(node);
    expect(names.stats().storeRequests).toBe(0);
  });

  test('refuse what is done with a claim after its loss, and leave the next holder alone', async () => {
    await serve();
    const [a, b] = [await start('a'), await start('b')];
    const lost = await a.names.claim('k', { value: 'a' });
    a.names.expire();
    const next = await b.names.claim('k', { value: 'b', timeoutMs: 20_000 });
    expect(lost.held).toBe(false);
    expect(() => lost.assertHeld()).toThrow(ClaimLostError);
    await expect(lost.update('again')).rejects.toThrow(ClaimLostError);
    await expect(lost.release()).resolves.toBeUndefined();
    expect([lost.token < next.token, await lost.lost]).toEqual([true, 'expired']);
    expect(await a.names.holder('k')).toMatchObject({ token: next.token, value: 'b' });
    expect(next.held).toBe(true);
  });

  test('refuse a server without JetStream', async () => {
    await serve('');
    const node = await start('a');
    await expect(node.names.tryClaim('k')).rejects.toThrow(NamesUnavailableError);
    await expect(node.names.holder('k')).rejects.toThrow(NamesUnavailableError);
    await expect(node.names.claim('k')).rejects.toThrow(/start nats-server with .*names: false/);
    expectNothing(node);
    // The rest of the node works, so it is not down.
    expect(await node.health()).toMatchObject({
      healthy: true,
      namesProblem: expect.stringContaining('Nobody answers for JetStream') as string,
    });
    // All else works.
    node.scope('pg').register('k', 1);
    expect(node.scope('pg').count()).toBe(1);
  });

  test('refuse a user without the permissions, who is told which', async () => {
    const permissions = permissionsOf('pg', 'a', { names: false });
    const users = [
      { user: 'a', password: 'a', permissions },
      { user: 'admin', password: 'admin' },
    ];
    await serve(`${JETSTREAM}\nauthorization { users: ${JSON.stringify(users)} }`);
    const node = await start('a', { user: 'a' });
    await expect(node.names.claim('k')).rejects.toThrow(NamesUnavailableError);
    await expect(node.names.tryClaim('k')).rejects.toThrow(/does not permit .*permissionsOf/);
    expectNothing(node);
    const permitted = await start('b', { user: 'admin' });
    expect(await permitted.names.holder('k')).toBeUndefined();
    expect((await permitted.names.tryClaim('k'))?.held).toBe(true);
  });

  test('refuse a bucket of another shape, and leave what is in it', async () => {
    await serve();
    const subjects = ['pgr.pg.names.*'];
    await stores.administer(`STREAM.CREATE.${STREAM}`, { name: STREAM, subjects, storage: 'memory' });
    const node = await start('a');
    await expect(node.names.claim('k')).rejects.toThrow(NamesUnavailableError);
    await expect(node.names.claim('k')).rejects.toThrow(/cannot keep claims: .*storage.*nats stream edit/);
    expectNothing(node);
    expect(await stores.administer(`STREAM.INFO.${STREAM}`)).toMatchObject({ state: { messages: 0 } });
    // With a bucket of its own it works at once, on the same server.
    await stores.administer(`STREAM.DELETE.${STREAM}`);
    expect((await node.names.tryClaim('k'))?.held).toBe(true);
  });

  test('are apart from those of another namespace: each has a holder of its own for one key', async () => {
    await serve();
    const [a, b] = [await start('a', { namespace: 'one' }), await start('b', { namespace: 'two' })];
    const claims = [await a.names.tryClaim('k', { value: 1 }), await b.names.tryClaim('k', { value: 2 })];
    expect(claims.map((claim) => claim?.held)).toEqual([true, true]);
    await claims[0]?.release();
    expect([await a.names.holder('k'), (await b.names.holder('k'))?.value]).toEqual([undefined, 2]);
    expect(claims[1]?.held).toBe(true);
  });

  test('refuse claims while the store has no room, and take them when it has', async () => {
    await serve('jetstream { store_dir: "DIR/jetstream", max_file_store: 4KB }');
    const [a, b] = [await start('a'), await start('b')];
    const filling = await a.names.claim('filling');
    const value = 'x'.repeat(300);
    const filled = await Promise.allSettled(
      Array.from({ length: 30 }, (_, at) => a.names.claim(['full', at], { value })),
    );
    const refusal = filled.find((each) => each.status === 'rejected')?.reason as Error;
    expect(refusal).toBeInstanceOf(NamesUnavailableError);
    expect(String(refusal)).toMatch(/insufficient resources .*max_file_store/);
    await expect(b.names.claim('other', { timeoutMs: 2000 })).rejects.toThrow(NamesUnavailableError);
    expect(b.names.stats()).toMatchObject({ held: 0, waiting: 0 });
    // Nor can the session be renewed, so what is held ends.
    await expect(filling.lost).resolves.toMatch(/expired|disconnected/);
    expect(a.names.stats()).toMatchObject({ held: 0, waiting: 0 });
    await stores.server.stop();
    stores.server.configure(JETSTREAM);
    await stores.server.start();
    const claim = await eventually(() => b.names.claim('other', { timeoutMs: 5000 }), { timeoutMs: 30_000 });
    expect(claim.held).toBe(true);
  });

  test('refuse claims while the disk takes no writes, and leave no half of one', async () => {
    await serve();
    const [a, b] = [await start('a'), await start('b')];
    const before = await a.names.claim('k');
    await before.release();
    limitFileSize(stores.server, '0:unlimited');
    await expect(b.names.claim('k', { timeoutMs: 1000 })).rejects.toThrow(/did not write to stream/);
    expect(b.names.stats()).toMatchObject({ held: 0, waiting: 0 });
    limitFileSize(stores.server, 'unlimited:unlimited');
    const after = await a.names.claim('k', { timeoutMs: 20_000 });
    expect(after.token).toBeGreaterThan(before.token);
    // What the failed claim left under way was given back, so it never takes the key from its holder.
    await eventually(() => expect(b.names.stats()).toMatchObject({ held: 0, waiting: 0 }));
    expect(await b.names.holder('k')).toMatchObject({ token: after.token });
    expect(after.held).toBe(true);
  });

  test('refuse claims after the store was deleted and made anew, until no session of before can be alive', async () => {
    await serve();
    const [a, b] = [await start('a'), await start('b')];
    const first = await a.names.claim('k');
    await b.names.claim('other');
    expect(await a.health()).toMatchObject({ healthy: true, namesProblem: null });
    await stores.administer(`STREAM.DELETE.${STREAM}`);
    await expect(first.lost).resolves.toMatch(/taken|store-rolled-back|disconnected|expired/);
    // The first one who asks sees it, and is down until names can be had again.
    await eventually(() =>
      expect(b.names.tryClaim('k')).rejects.toThrow(/has lost records. Names are refused/),
    );
    const refused = expect.stringMatching(/has lost records; names are refused for \d s$/) as string;
    expect(await b.health()).toMatchObject({ healthy: false, reason: refused, namesProblem: refused });
    const next = await eventually(() => b.names.claim('k', { timeoutMs: 5000 }), { timeoutMs: 20_000 });
    expect(next.token).toBeGreaterThan(first.token);
    expect(first.held).toBe(false);
    expect(errors.join('\n')).toMatch(/was made anew.*has ended all its claims, and refuses names for/);
    await eventually(async () =>
      expect(await b.health()).toMatchObject({ healthy: true, namesProblem: null }),
    );
  });

  test('refuse claims after an older copy of the store was restored, and say so', async () => {
    await serve();
    const { server } = stores;
    const files = join(server.directory, 'jetstream');
    const copy = join(server.directory, 'copy');
    const a = await start('a', { names: { ttlMs: 4000 } });
    const first = await a.names.claim('k');
    await server.stop('SIGTERM');
    cpSync(files, copy, { recursive: true });
    await server.start();
    // Some writes that the copy lacks.
    await eventually(() => first.update('later'));
    for (let at = 0; at < 10; at += 1) await (await a.names.claim(['more', at])).release();
    await server.stop('SIGTERM');
    rmSync(files, { recursive: true });
    cpSync(copy, files, { recursive: true });
    await server.start();
    await expect(a.names.claim('new', { timeoutMs: 3000 })).rejects.toThrow(
      /lost records|not free|not claimed/,
    );
    expect(await first.lost).toMatch(/store-rolled-back|taken/);
    expect(errors.join('\n')).toMatch(/has lost writes that it had acknowledged/);
    expect(a.names.stats()).toMatchObject({ held: 0, waiting: 0 });
    const next = await eventually(() => a.names.claim('k', { timeoutMs: 5000 }), { timeoutMs: 20_000 });
    expect(next.held).toBe(true);
  });
});
