import { connect as connectWithNats } from 'nats';
import { connect as connectWithTransportNode } from '@nats-io/transport-node';
import type { Connection, ConnectionNeeds } from '../../../libs/pg-registry/src/transport';
import { type NatsClient, natsTransport } from '../../../libs/pg-registry/src/transport/nats';
import { eventually } from '../../support/eventually';
import { NatsServer, type NatsServerOptions } from '../../support/nats-server';
import { QUICK } from './nats-harness';
import { ask, bytes, collect, participate, type Participant } from './participant';

/** The ways to a connection of each client, and one that the transport opens itself. */
const WAYS: readonly (readonly [
  string,
  (options: { servers: string } & Record<string, unknown>) => Promise<Parameters<typeof natsTransport>[0]>,
])[] = [
  ['natsTransport({ servers })', (options) => Promise.resolve(options)],
  ["a connection of 'nats' 2", async (options) => given(await connectWithNats(options))],
  [
    "a connection of '@nats-io/transport-node' 3",
    async (options) => given(await connectWithTransportNode(options)),
  ],
];

let cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  cleanUps = [];
});

function given(connection: NatsClient): { connection: NatsClient } {
  cleanUps.push(() => connection.close());
  return { connection };
}

async function startServer(options?: NatsServerOptions): Promise<NatsServer> {
  const server = await NatsServer.start(options);
  cleanUps.push(() => server[Symbol.asyncDispose]());
  return server;
}

const NEEDS: ConnectionNeeds = { subscribe: ['test.in.*'], publish: ['test.out.a'], maxPayload: 8192 };

/** The lines of a server that gives its only user these permissions. */
function permissions(publish: string, subscribe: string): string {
  const allowed = `publish: ${JSON.stringify(publish)}, subscribe: ${JSON.stringify([subscribe, 'test.reply.>'])}`;
  return `authorization { users: [{ user: me, password: pw, permissions: { ${allowed} } }] }`;
}

describe.each(WAYS)('what a server refuses, with %s', (_, reach) => {
  const user = { user: 'me', pass: 'pw' };

  async function join(
    server: NatsServer,
    options: object = {},
    needs?: ConnectionNeeds,
  ): Promise<Participant> {
    const way = await reach({ ...QUICK, servers: server.url, ignoreAuthErrorAbort: true, ...options });
    const transport = natsTransport(way);
    const connecting = needs === undefined ? transport : withNeeds(transport, needs);
    const participant = await participate(connecting, 'a');
    cleanUps.push(() => participant.close());
    return participant;
  }

  test('a connection is made where the server permits what the node needs', async () => {
    const server = await startServer({ config: permissions('test.>', 'test.>') });
    const a = await join(server, user, NEEDS);
    expect(a.problem).toBeUndefined();
    expect(a.errors).toEqual([]);
  });

  test.each([
    [
      'subscribe',
      permissions('test.>', 'elsewhere'),
      /not permit the node's user to subscribe to test\.in\.\*/,
    ],
    ['publish', permissions('elsewhere', 'test.>'), /not permit the node's user to publish to test\.out\.a/],
  ])(
    'a connection whose user may not %s is refused, and the error names the subject and permissionsOf',
    async (__, config, message) => {
      const server = await startServer({ config });
      const joining = join(server, user, NEEDS);
      await expect(joining).rejects.toMatchObject({
        code: 'TRANSPORT',
        message: expect.stringMatching(message),
      });
      await expect(joining).rejects.toMatchObject({ message: expect.stringMatching(/permissionsOf/) });
    },
  );

  test('a connection with too few subscriptions for the node is refused', async () => {
    const server = await startServer({ config: 'max_subscriptions: 2' });
    const subscribe = ['one', 'two', 'three'];
    await expect(join(server, {}, { ...NEEDS, subscribe })).rejects.toMatchObject({
      code: 'TRANSPORT',
      message: expect.stringMatching(/fewer subscriptions than it needs.*max_subscriptions/),
    });
  });

  test('a connection to a server whose messages are too small for any node is refused', async () => {
    const server = await startServer({ config: 'max_payload: 4096' });
    await expect(join(server, {}, NEEDS)).rejects.toMatchObject({
      code: 'TRANSPORT',
      message: expect.stringMatching(/messages of at most 4096 bytes, but a node needs 8192.*max_payload/),
    });
  });

  test('a subscription that is refused is a problem until the server permits it, and is tried again', async () => {
    const server = await startServer({ config: permissions('test.>', 'test.>') });
    const a = await join(server, user);
    const heard = await collect(a, 'test.in.x');
    server.reload(permissions('test.>', 'elsewhere'));
    await eventually(() =>
      expect(a.problem).toMatch(/not permit the node's user to subscribe to test\.in\.x/),
    );
    expect(a.errors.map(({ message }) => message).join()).toMatch(
      /subscribe to test\.in\.x\. .*permissionsOf/,
    );
    expect(a.isConnected).toBe(true);
    server.reload(permissions('test.>', 'test.>'));
    await eventually(() => expect(a.problem).toBeUndefined());
    a.publish('test.in.x', bytes('not echoed'));
    const b = await participate(natsTransport({ ...QUICK, ...user, servers: server.url }), 'b');
    cleanUps.push(() => b.close());
    b.publish('test.in.x', bytes('heard'));
    await eventually(() => expect(heard).toContain('heard'));
  });

  test('a message that is refused is a problem until one to the same subject is permitted', async () => {
    const server = await startServer({ config: permissions('test.>', 'test.>') });
    const a = await join(server, user);
    server.reload(permissions('test.other', 'test.>'));
    await eventually(() => {
      a.publish('test.out', bytes(''));
      expect(a.problem).toMatch(/not permit the node's user to publish to test\.out/);
    });
    server.reload(permissions('test.>', 'test.>'));
    await eventually(() => {
      a.publish('test.out', bytes(''));
      expect(a.problem).toBeUndefined();
    });
  });

  test('a smaller largest message after a reload of the server is told, and so is a larger one', async () => {
    const server = await startServer({ config: 'max_payload: 65536' });
    const a = await join(server);
    expect(a.maxPayload).toBe(65_536);
    const heard = await collect(a, 'test.in');
    server.reload('max_payload: 16384');
    await eventually(() => expect(server.log).toMatch(/Reloaded/));
    // The server need not say so: then it closes the connection over the next message that is too large.
    await eventually(() => {
      if (a.isConnected) a.publish('large', new Uint8Array(20_000));
      expect(told(a)).toBe(16_384);
    });
    await eventually(() => expect(a.isConnected).toBe(true));
    const b = await participate(natsTransport({ ...QUICK, servers: server.url }), 'b');
    cleanUps.push(() => b.close());
    b.publish('test.in', new Uint8Array(16_384));
    await eventually(() => expect(heard).toHaveLength(1));
    expect(await ask(a, 'nobody')).toEqual({ type: 'no-responders' });
  });
});

/** The largest message of which the transport has told, by a status or with a reconnect. */
function told(a: Participant): number {
  const last = a.statuses.at(-1)?.type;
  return last === 'max-payload' || last === 'connected' ? a.maxPayload : -1;
}

function withNeeds(transport: ReturnType<typeof natsTransport>, needs: ConnectionNeeds) {
  return {
    kind: transport.kind,
    connect: (options: Parameters<typeof transport.connect>[0]): Promise<Connection> =>
      transport.connect({ ...options, needs }),
  };
}
