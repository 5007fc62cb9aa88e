import { connect as connectClient } from 'nats';
import { leaseBucket, leaseSubject, permissionsOf } from '../../../libs/pg-registry/src/wire';
import { natsTransport } from '../../../libs/pg-registry/src/transport/nats';
import type { LeaseStore } from '../../../libs/pg-registry/src/names/lease-store';
import { blocksOf } from '../../support/code-blocks';
import { eventually } from '../../support/eventually';
import { NatsServer } from '../../support/nats-server';
import { limitFileSize } from './file-size-limit';
import { get, put, putSurely } from './lease-store.contract';
import { NatsLeaseStores } from './nats-lease-stores';

const CLIENTS = ['nats', '@nats-io/transport-node'] as const;
const JETSTREAM = 'jetstream { store_dir: "DIR/jetstream" }';
const BUCKET = 'pgr_ns_names';

/** The configuration that the library gives the stream, for tests that change a point of it. */
const CONFIG = {
  name: BUCKET,
  subjects: ['pgr.ns.names.*'],
  retention: 'limits',
  storage: 'file',
  num_replicas: 1,
  max_msgs_per_subject: 1,
  discard: 'new',
  max_age: 7_200_000_000_000,
  duplicate_window: 120_000_000_000,
  deny_delete: true,
  deny_purge: true,
};

/** The reason for which a store is unavailable, for a write and for a read. */
async function refusal(store: LeaseStore): Promise<string> {
  const written = await put(store, 'k', 'x');
  const read = await store.read('k', { timeoutMs: 5000 });
  if (written.type !== 'unavailable' || read.type !== 'unavailable')
    throw new Error(`The store answered ${JSON.stringify([written, read])}.`);
  expect(read.reason).toBe(written.reason);
  return written.reason;
}

describe.each(CLIENTS)("a lease store of the client '%s'", (client) => {
  let stores: NatsLeaseStores | undefined;
  const start = async (config = JETSTREAM): Promise<NatsLeaseStores> => {
    stores = await NatsLeaseStores.start(client, { config });
    return stores;
  };
  afterEach(() => stores?.[Symbol.asyncDispose]());

  test('says how to enable JetStream where the server has none', async () => {
    const store = await (await start('')).open();
    expect(await refusal(store)).toMatch(
      /Nobody answers for JetStream on NATS at .*start nats-server with .*names: false/,
    );
  });

  test('says so where JetStream is not enabled for the account of its user', async () => {
    const accounts =
      'accounts { A { users: [{ user: a, password: a }] }, B { jetstream: enabled, users: [{ user: b, password: b }] } }';
    const server = await start(`${JETSTREAM}\n${accounts}`);
    const store = await server.open({ client: { user: 'a', pass: 'a' } });
    expect(await refusal(store)).toMatch(/not enabled for account \(error 10039\).*jetstream: enabled/);
    const permitted = await server.open({ client: { user: 'b', pass: 'b' } });
    expect((await putSurely(permitted, 'k', 'x')).revision).toBe(1);
  });

  test('accepts a stream that differs where no promise rests on it', async () => {
    const server = await start();
    const change = {
      max_bytes: 1_000_000,
      max_consumers: 3,
      allow_direct: true,
      description: 'mine',
      max_age: 0,
    };
    await server.administer(`STREAM.CREATE.${BUCKET}`, { ...CONFIG, ...change });
    expect((await putSurely(await server.open(), 'k', 'x')).revision).toBe(1);
  });

  test('names the stream that has its subjects already', async () => {
    const server = await start();
    await server.administer('STREAM.CREATE.all', { name: 'all', subjects: ['pgr.>'] });
    expect(await refusal(await server.open())).toMatch(/overlap.*\(error 10065\).*remove them there/);
  });

  test('refuses replicas on servers before 2.10.19, where two writes on one revision can both succeed', async () => {
    const server = await start();
    expect(await refusal(await server.open({ replicas: 3 }))).toMatch(
      /must not have 3 replicas: the server has version 2\.\d+\.\d+, and before 2\.10\.19/,
    );
    expect(await server.administer(`STREAM.INFO.${BUCKET}`)).toMatchObject({ error: { err_code: 10_059 } });
  });

  test('refuses a stream with another number of replicas than its option says', async () => {
    const server = await start();
    await putSurely(await server.open({ replicas: 1 }), 'k', 'x');
    expect(await refusal(await server.open({ replicas: 3 }))).toMatch(/num_replicas is 1/);
  });

  test('says that there is no room, and works when there is', async () => {
    const server = await start('jetstream { store_dir: "DIR/jetstream", max_file_store: 4KB }');
    const store = await server.open();
    const { revision } = await putSurely(store, 'k', 'x');
    let room = 0;
    let last = await put(store, `k${room}`, 'x'.repeat(300));
    while (last.type === 'written') last = await put(store, `k${(room += 1)}`, 'x'.repeat(300));
    expect(last).toMatchObject({
      type: 'unavailable',
      reason: expect.stringMatching(/insufficient resources \(error 10023\).*max_file_store/) as string,
    });
    expect(await put(store, 'k', 'y', { after: revision })).toMatchObject({ type: 'unavailable' });
    expect((await get(store, 'k'))?.text).toBe('x');
    await server.server.stop();
    server.server.configure(JETSTREAM);
    await server.server.start();
    await eventually(async () =>
      expect((await put(store, 'k', 'y', { after: revision })).type).toBe('written'),
    );
  });

  test('does not know of a write that the disk refused, and makes it once when it is repeated', async () => {
    const server = await start();
    const store = await server.open();
    const { revision } = await putSurely(store, 'k', 'one');
    // Every write to a file fails from now on, as on a disk that is full or read-only.
    limitFileSize(server.server, '0:unlimited');
    const outcome = await put(store, 'k', 'two', { after: revision, id: 'full' });
    expect(outcome).toMatchObject({
      type: 'unknown',
      reason: expect.stringMatching(
        /did not write to stream pgr_ns_names .*file too large \(error 10077\)/,
      ) as string,
    });
    expect((await get(store, 'k'))?.text).toBe('one');
    limitFileSize(server.server, 'unlimited:unlimited');
    const written = await putSurely(store, 'k', 'two', { after: revision, id: 'full' });
    await server.server.stop();
    await server.server.start();
    await eventually(async () =>
      expect(await get(store, 'k')).toMatchObject({ revision: written.revision, text: 'two' }),
    );
  });
});

describe('a lease store whose stream exists', () => {
  let stores: NatsLeaseStores;
  let namespaces = 0;
  beforeAll(async () => {
    stores = await NatsLeaseStores.start('nats');
  });
  afterAll(() => stores[Symbol.asyncDispose]());

  test.each([
    ['storage', { storage: 'memory' }, /storage is memory \(allowed: file\)/],
    ['subjects', { subjects: ['other.*'] }, /subjects is .*other/],
    ['retention', { retention: 'interest' }, /retention is interest/],
    ['discard', { discard: 'old' }, /discard is old/],
    ['history', { max_msgs_per_subject: 5 }, /max_msgs_per_subject is 5 \(allowed: 1\)/],
    ['age', { max_age: 60_000_000_000, duplicate_window: 60_000_000_000 }, /max_age is 6.*duplicate_window/],
    ['largest message', { max_msg_size: 1000 }, /max_msg_size is 1000/],
    ['deletion', { deny_delete: false, deny_purge: false }, /deny_delete is false.*deny_purge is false/],
    ['roll-up', { deny_purge: false, allow_rollup_hdrs: true }, /allow_rollup_hdrs is true/],
    ['acknowledgement', { no_ack: true }, /no_ack is true/],
  ])(
    'refuses a stream of another %s and names it, and works when the stream is right',
    async (_, change, names) => {
      const namespace = `ns${(namespaces += 1)}`;
      const bucket = leaseBucket(namespace);
      const planned = { ...CONFIG, name: bucket, subjects: [`${leaseSubject(namespace)}.*`] };
      const made = await stores.administer(`STREAM.CREATE.${bucket}`, { ...planned, ...change });
      expect(made.error).toBeUndefined();
      const store = await stores.open({ namespace });
      const reason = await refusal(store);
      expect(reason).toMatch(names);
      expect(reason).toMatch(/nats stream edit/);
      await stores.administer(`STREAM.DELETE.${bucket}`);
      expect((await putSurely(store, 'k', 'x')).revision).toBe(1);
    },
  );
});

describe.each(CLIENTS)(
  "on a server that enforces permissions, a lease store of the client '%s'",
  (client) => {
    let server: NatsServer;
    beforeAll(async () => {
      const permissions = permissionsOf('ns', 'a', { names: { create: true } });
      const denied = Object.entries({
        records: 'pgr.ns.names.*',
        create: `$JS.API.STREAM.CREATE.${BUCKET}`,
        info: `$JS.API.STREAM.INFO.${BUCKET}`,
        get: `$JS.API.STREAM.MSG.GET.${BUCKET}`,
      }).map(([user, subject]) => ({
        user,
        password: user,
        permissions: { ...permissions, publish: { allow: permissions.publish.allow, deny: [subject] } },
      }));
      const users = [
        { user: 'a', password: 'a', permissions },
        { user: 'names', password: 'names', permissions: permissionsOf('ns', 'a', { names: false }) },
        { user: 'template', password: 'template', permissions: permissionsOf('pg', 'a') },
        { user: 'operator', password: 'operator' },
        ...denied,
      ];
      const authorization = `authorization { users: ${JSON.stringify(users)} }`;
      server = await NatsServer.start({ config: `${JETSTREAM}\n${authorization}` });
    });
    afterAll(() => server[Symbol.asyncDispose]());

    const connect = async (user: string, namespace = 'ns') => {
      const errors: Error[] = [];
      const connection = await natsTransport({ servers: server.url, client, user, pass: user }).connect({
        node: 'a',
        replies: `pgr.${namespace}.reply.a.>`,
        timeoutMs: 5000,
        onStatus: () => undefined,
        onWarning: () => undefined,
        onError: (error) => errors.push(error),
      });
      const options = { namespace, subject: leaseSubject(namespace), bucket: leaseBucket(namespace) };
      return { connection, errors, store: connection.leaseStore!(options) };
    };

    test.each(['create', 'info', 'get', 'records', 'names'])(
      'names the subject and permissionsOf if its user lacks a permission (%s)',
      async (user) => {
        const { connection, store, errors } = await connect(user);
        const outcome =
          user === 'get' ? await store.read('k', { timeoutMs: 5000 }) : await put(store, 'k', 'x');
        expect(outcome).toMatchObject({
          type: 'unavailable',
          reason: expect.stringMatching(
            /does not permit .* publish to (\$JS\.API|pgr\.ns\.names).*permissionsOf/,
          ) as string,
        });
        // The node itself works: it needs no permission that only cluster names need.
        expect([connection.problem, errors]).toEqual([undefined, []]);
        await connection.close();
      },
    );

    test('may not make the stream with what permissionsOf returns, and works with the one of the security page', async () => {
      const { connection, store, errors } = await connect('template', 'pg');
      expect(await refusal(store)).toMatch(
        /STREAM\.CREATE\.pgr_pg_names\. The stream does not exist: make it as docs/,
      );
      const [config] = blocksOf('docs/guide/security.md').filter(({ language }) => language === 'json');
      const operator = await connectClient({ servers: server.url, user: 'operator', pass: 'operator' });
      const made = await operator.request('$JS.API.STREAM.CREATE.pgr_pg_names', config.code);
      await operator.close();
      expect(made.json<{ error?: unknown }>().error).toBeUndefined();
      expect((await putSurely(store, 'k', 'x')).revision).toBe(1);
      expect(errors).toEqual([]);
      await connection.close();
    });

    test('needs what permissionsOf returns, and nothing more', async () => {
      const { connection, store, errors } = await connect('a');
      let hints = 0;
      const { connection: other, store: others } = await connect('a');
      others.watch('new', () => (hints += 1));
      await other.flush();
      const { revision } = await putSurely(store, 'new', 'x');
      await putSurely(store, 'new', 'y', { after: revision });
      expect((await get(others, 'new'))?.text).toBe('y');
      await eventually(() => expect(hints).toBeGreaterThanOrEqual(2));
      expect(errors).toEqual([]);
      await Promise.all([connection.close(), other.close()]);
    });
  },
);
