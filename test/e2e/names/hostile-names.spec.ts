import { connect, headers, type NatsConnection } from 'nats';
import { PgRegistryNode } from '../../../libs/pg-registry/src/node';
import {
  type ClaimRecord,
  decodeRecord,
  encodeRecord,
  type LeaseRecord,
  LONGEST_TTL_MS,
  type SessionRecord,
} from '../../../libs/pg-registry/src/names/lease/lease-records';
import { claimName } from '../../../libs/pg-registry/src/names/lease/leases';
import { sessionName } from '../../../libs/pg-registry/src/names/lease/session';
import {
  ClaimLostError,
  DEFAULT_VALUE_LIMITS,
  LockTimeoutError,
  NamesUnavailableError,
  PidInterner,
} from '../../../libs/pg-registry/src/term';
import { localTransport } from '../../../libs/pg-registry/src/transport/local';
import { natsTransport } from '../../../libs/pg-registry/src/transport/nats';
import { recordSubject } from '../../../libs/pg-registry/src/transport/nats/leases/record-subject';
import { streamConfig } from '../../../libs/pg-registry/src/transport/nats/leases/stream-shape';
import { permissionsOf } from '../../../libs/pg-registry/src/wire';
import { eventually } from '../../support/eventually';
import { NatsServer } from '../../support/nats-server';

jest.setTimeout(60_000);

const STREAM = 'pgr_pg_names';
const SUBJECT = 'pgr.pg.names';
const DECODING = { pids: new PidInterner(), limits: DEFAULT_VALUE_LIMITS };
/** What the permissions let nobody do. */
const FORBIDDEN = [
  `$JS.API.STREAM.DELETE.${STREAM}`,
  `$JS.API.STREAM.PURGE.${STREAM}`,
  `$JS.API.STREAM.UPDATE.${STREAM}`,
  `$JS.API.STREAM.MSG.DELETE.${STREAM}`,
  `$JS.API.CONSUMER.CREATE.${STREAM}`,
  `$JS.API.STREAM.CREATE.other`,
  `$JS.API.STREAM.INFO.other`,
];

/** A client with the permissions of a node that plays by no rules. */
class Mallory {
  #requests = 0;

  private constructor(readonly client: NatsConnection) {}

  static async connect(servers: string): Promise<Mallory> {
    return new Mallory(await connect({ servers, user: 'mallory', pass: 'mallory' }));
  }

  /** Asks JetStream. Undefined: no answer came. */
  async ask(subject: string, body: string | Uint8Array, after?: number): Promise<unknown> {
    this.#requests += 1;
    const reply = `pgr.pg.reply.mallory.x.${this.#requests}`;
    const sent = headers();
    if (after !== undefined) sent.set('Nats-Expected-Last-Subject-Sequence', String(after));
    return await new Promise((resolve) => {
      const subscription = this.client.subscribe(reply, {
        max: 1,
        timeout: 1000,
        callback: (error, message) => resolve(error === null ? message.json() : undefined),
      });
      this.client.publish(subject, body, { reply, headers: sent });
      void subscription.closed.catch(() => undefined);
    });
  }

  async read(name: string): Promise<{ readonly seq: number; readonly record: LeaseRecord }> {
    const body = JSON.stringify({ last_by_subj: recordSubject(SUBJECT, name) });
    const answer = await this.ask(`$JS.API.STREAM.MSG.GET.${STREAM}`, body);
    const { seq, data } = (answer as { message: { seq: number; data: string } }).message;
    return { seq, record: decodeRecord(Buffer.from(data, 'base64'), DECODING) };
  }

  /** Writes over whatever there is. */
  async write(name: string, record: LeaseRecord | Uint8Array): Promise<unknown> {
    const bytes = record instanceof Uint8Array ? record : encodeRecord(record);
    return await this.ask(recordSubject(SUBJECT, name), bytes);
  }
}

function forgedSession(fields: Partial<SessionRecord> = {}): SessionRecord {
  return { type: 'session', open: true, ttlMs: 1000, takeover: 'lease', nonce: 'forged', ...fields };
}

function forgedClaim(
  key: string,
  session: string,
  pid = DECODING.pids.intern('mallory', 'f'.repeat(16), 1),
): ClaimRecord {
  return { type: 'claim', key, nonce: 'forged', holder: { session, pid, value: 'forged', token: 0 } };
}

describe('a hostile node with the permissions of a node', () => {
  let server: NatsServer;
  let nodes: PgRegistryNode[] = [];
  let mallory: Mallory;
  let [a, b]: PgRegistryNode[] = [];

  beforeEach(async () => {
    const users = ['a', 'b', 'mallory'].map((user) => ({
      user,
      password: user,
      permissions: permissionsOf('pg', user),
    }));
    const admin = { user: 'admin', password: 'admin' };
    server = await NatsServer.start({
      config:
        'jetstream { store_dir: "DIR/jetstream" }\n' +
        `authorization { users: ${JSON.stringify([...users, admin])} }`,
    });
    await administer(
      'STREAM.CREATE',
      streamConfig({ bucket: STREAM, subjects: `${SUBJECT}.*`, replicas: 1 }),
    );
    [a, b] = nodes = await Promise.all(['a', 'b'].map(start));
    mallory = await Mallory.connect(server.url);
  });
  afterEach(async () => {
    await mallory.client.close();
    await Promise.all(nodes.map((node) => node.close()));
    await server[Symbol.asyncDispose]();
  });

  async function administer(action: string, body: object = {}): Promise<Record<string, unknown>> {
    const client = await connect({ servers: server.url, user: 'admin', pass: 'admin' });
    try {
      return (await client.request(`$JS.API.${action}.${STREAM}`, JSON.stringify(body))).json();
    } finally {
      await client.close();
    }
  }

  async function start(name: string): Promise<PgRegistryNode> {
    const transport = natsTransport({ servers: server.url, user: name, pass: name });
    const node = new PgRegistryNode(
      { node: name, transport, names: { ttlMs: 1000 } },
      {
        defaultTransport: () => localTransport(),
        logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
      },
    );
    await node.connect();
    return node;
  }

  test('cannot delete, purge, change or copy records, nor make streams or consumers', async () => {
    const claim = await a.names.claim('k');
    const before = await administer('STREAM.INFO');
    const answers = await Promise.all(FORBIDDEN.map((subject) => mallory.ask(subject, '{}')));
    expect(answers).toEqual(FORBIDDEN.map(() => undefined));
    expect(await mallory.ask(`$JS.API.STREAM.INFO.${STREAM}`, '')).toMatchObject({
      created: before['created'],
    });
    const after = await administer('STREAM.INFO');
    expect(after['created']).toEqual(before['created']);
    expect(after['config']).toEqual(before['config']);
    expect(claim.held).toBe(true);
    expect(await b.names.tryClaim('k')).toBeUndefined();
  });

  test('can end the session of a node: that stops to believe, and gets its next key with a higher token', async () => {
    const claim = await a.names.claim('k');
    const { record } = await mallory.read(claimName('k'));
    const { session } = (record as ClaimRecord).holder!;
    await mallory.write(sessionName(session), forgedSession({ open: false }));
    // By its next renewal at the latest.
    expect(await claim.lost).toBe('taken');
    const next = await b.names.claim('k', { timeoutMs: 20_000 });
    expect(next.token).toBeGreaterThan(claim.token);
  });

  test('can name itself as the holder: the node that held the key learns it by its next write, and tokens go on rising', async () => {
    const claim = await a.names.claim('k');
    await mallory.write(sessionName('mallory.1'), forgedSession());
    await mallory.write(claimName('k'), forgedClaim('k', 'mallory.1'));
    expect(claim.held).toBe(true);
    expect(await b.names.holder('k')).toMatchObject({ value: 'forged' });
    await expect(claim.update('mine')).rejects.toThrow(ClaimLostError);
    expect(claim.held).toBe(false);
    // A session that nobody renews ends, whoever wrote it.
    const next = await b.names.claim('k', { timeoutMs: 20_000 });
    expect(next.token).toBeGreaterThan(claim.token);
  });

  test('can keep a key only as long as it goes on writing, and no longer than an hour by one record', async () => {
    await mallory.write(sessionName('mallory.1'), forgedSession({ ttlMs: LONGEST_TTL_MS }));
    await mallory.write(claimName('k'), forgedClaim('k', 'mallory.1'));
    await expect(b.names.claim('k', { timeoutMs: 50 })).rejects.toThrow(LockTimeoutError);
    await mallory.write(sessionName('mallory.1'), forgedSession({ ttlMs: LONGEST_TTL_MS + 1 }));
    await expect(b.names.claim('k', { timeoutMs: 5000 })).rejects.toThrow(NamesUnavailableError);
    await mallory.write(sessionName('mallory.1'), forgedSession({ ttlMs: 100 }));
    expect((await b.names.claim('k', { timeoutMs: 20_000 })).held).toBe(true);
  });

  test('cannot make a node believe that it holds a key, and cannot keep it from taking that', async () => {
    const own = await a.names.claim('own');
    const { session, pid } = ((await mallory.read(claimName('own'))).record as ClaimRecord).holder!;
    await mallory.write(claimName('k'), forgedClaim('k', session, pid));
    expect(await b.names.holder('k')).toMatchObject({ pid: own.pid });
    expect(await b.names.tryClaim('k')).toBeUndefined();
    expect([a.names.held('k'), a.names.whereis('k'), b.names.whereis('k')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const claim = await a.names.claim('k');
    expect(claim.token).toBeGreaterThan(own.token);
    expect(own.held).toBe(true);
  });

  test('can spoil a key for all, and does no harm to others by garbage, very large records and very many', async () => {
    const held = await a.names.claim('k');
    await mallory.write(claimName('spoilt'), Buffer.from('no record'));
    await mallory.write(claimName('large'), Buffer.alloc(512 * 1024, 1));
    for (let nth = 0; nth < 2000; nth += 1)
      mallory.client.publish(
        recordSubject(SUBJECT, claimName(`many-${nth}`)),
        encodeRecord(forgedClaim(`many-${nth}`, 'x.1')),
      );
    await mallory.client.flush();
    for (const key of ['spoilt', 'large'])
      await expect(b.names.tryClaim(key)).rejects.toThrow(
        /cannot read: a later version wrote it, or somebody else did/,
      );
    // Their session has no record, so anybody takes them.
    expect((await b.names.tryClaim('many-1999'))?.held).toBe(true);
    expect(b.names.stats()).toMatchObject({ held: 1, waiting: 0 });
    expect(held.held).toBe(true);
  });

  test.each([
    ['the record of the key', () => mallory.write(claimName('k'), forgedClaim('k', 'mallory.1'))],
    ['the session of its holder', () => mallory.write(sessionName('mallory.1'), forgedSession())],
    [
      'that the key is free, and takes it back',
      async () => {
        await mallory.write(claimName('k'), { type: 'claim', key: 'k', nonce: 'free', holder: undefined });
        await mallory.write(claimName('k'), forgedClaim('k', 'mallory.1'));
      },
    ],
  ])('cannot keep a node busy that waits, by writing over and over %s', async (_, write) => {
    await mallory.write(sessionName('mallory.1'), forgedSession());
    await mallory.write(claimName('k'), forgedClaim('k', 'mallory.1'));
    const waiting = b.names.claim('k', { timeoutMs: 30_000 });
    await eventually(() => expect(b.names.stats().waiting).toBe(1));
    const before = b.names.stats().storeRequests;
    const writesUntil = performance.now() + 1500;
    while (performance.now() < writesUntil) await write();
    expect(b.names.stats().storeRequests - before).toBeLessThan(400);
    expect((await waiting).held).toBe(true);
  });

  test('cannot keep a node busy, or from a key, by writes that the store refuses and others hear', async () => {
    const claim = await a.names.claim('k');
    const waiting = b.names.claim('k', { timeoutMs: 20_000 });
    await eventually(() => expect(b.names.stats().waiting).toBe(1));
    const before = b.names.stats().storeRequests;
    const refused = headers();
    refused.set('Nats-Expected-Last-Subject-Sequence', '999999');
    for (let nth = 0; nth < 2000; nth += 1)
      mallory.client.publish(recordSubject(SUBJECT, claimName('k')), '', { headers: refused });
    await mallory.client.flush();
    await claim.release();
    expect((await waiting).token).toBeGreaterThan(claim.token);
    expect(b.names.stats().storeRequests - before).toBeLessThan(100);
  });
});
