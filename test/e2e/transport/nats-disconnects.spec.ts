import { connect as connectWithNats } from 'nats';
import { connect as connectWithTransportNode } from '@nats-io/transport-node';
import { natsTransport, PgRegistryNode } from 'nestjs-pg-registry';
import type { NatsClient } from '../../../libs/pg-registry/src/transport/nats';
import { eventually } from '../../support/eventually';
import { NatsServer } from '../../support/nats-server';
import { QUICK } from './nats-harness';
import { participate } from './participant';

/** Nodes live in one account; the server tells the users of another one whose connection has closed. */
const ACCOUNTS = `
  accounts {
    APP: { users: [{ user: app, password: app }] }
    SYS: { users: [
      { user: sys, password: sys, permissions: { publish: { deny: ">" }, subscribe: "$SYS.ACCOUNT.*.DISCONNECT" } },
      { user: deaf, password: deaf, permissions: { subscribe: { deny: ["$SYS.>"] } } },
    ] }
  }
  system_account: SYS
`;
const APP = { user: 'app', pass: 'app' };
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };
const SYS = { user: 'sys', pass: 'sys' };

let server: NatsServer;
let cleanUps: (() => unknown)[] = [];
beforeAll(async () => void (server = await NatsServer.start({ config: ACCOUNTS })));
afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  cleanUps = [];
});
afterAll(() => server[Symbol.asyncDispose]());

async function client(options: object): Promise<NatsClient> {
  const connection = await connectWithNats({ servers: server.url, ...options });
  cleanUps.push(() => connection.close());
  return connection;
}

/** A node that hardly ever probes, so that it notices a crash only by a hint. */
async function sleepyNode(
  node: string,
  transport: ReturnType<typeof natsTransport>,
): Promise<PgRegistryNode> {
  const started = new PgRegistryNode(
    { node, transport, helloIntervalMs: 60_000, probeIntervalMs: 60_000 },
    { defaultTransport: () => transport, logger: SILENT },
  );
  cleanUps.push(() => started.close());
  await started.connect();
  return started;
}

describe.each([
  ['nats', (options: object): Promise<NatsClient> => connectWithNats(options)],
  ['@nats-io/transport-node', (options: object): Promise<NatsClient> => connectWithTransportNode(options)],
])('a system connection of %s', (_package, connect) => {
  async function systemClient(options: object): Promise<NatsClient> {
    const connection = await connect({ servers: server.url, ...options });
    cleanUps.push(() => connection.close());
    return connection;
  }

  test('a system connection reports nodes whose connections closed, and stays open when the node leaves', async () => {
    const systemConnection = await systemClient(SYS);
    const transport = natsTransport({ servers: server.url, ...QUICK, ...APP, systemConnection });
    const a = await participate(transport, 'a');
    const doomed = await client({ ...APP, name: 'orders-7 of "shop"' });
    await doomed.close();
    await eventually(() => expect(a.gone).toEqual(['orders-7 of "shop"']));
    await a.close();
    const b = await participate(transport, 'b');
    await (await client({ ...APP, name: 'later' })).close();
    await eventually(() => expect(b.gone).toEqual(['later']));
    expect(systemConnection.isClosed()).toBe(false);
    expect(a.gone).toHaveLength(1);
    await b.close();
  });

  test('a node probes as soon as the server reports a closed connection, and suspects the dead node at once', async () => {
    const systemConnection = await systemClient(SYS);
    const a = await sleepyNode(
      'a',
      natsTransport({ servers: server.url, ...QUICK, ...APP, systemConnection }),
    );
    const lifeline = await client({ ...APP, name: 'b', reconnect: false });
    await sleepyNode('b', natsTransport({ connection: lifeline }));
    await eventually(() => expect(a.peers()).toMatchObject([{ node: 'b', suspect: false }]));
    await lifeline.close();
    await eventually(() => expect(a.peers()).toMatchObject([{ node: 'b', suspect: 'crash' }]));
  });

  test('a node warns if the system connection may not subscribe to the events, and works without them', async () => {
    const systemConnection = await systemClient({ user: 'deaf', pass: 'deaf' });
    const a = await participate(
      natsTransport({ servers: server.url, ...QUICK, ...APP, systemConnection }),
      'a',
    );
    await eventually(() =>
      expect(a.warnings).toEqual([expect.stringMatching(/may not follow .*probes alone/)]),
    );
    expect(a.isConnected).toBe(true);
    await a.close();
  });

  test.each([
    ['has closed', true],
    ['is closed', false],
  ])('a system connection that %s is warned of once', async (message, isOpen) => {
    const systemConnection = await systemClient(SYS);
    if (!isOpen) await systemConnection.close();
    const a = await participate(
      natsTransport({ servers: server.url, ...QUICK, ...APP, systemConnection }),
      'a',
    );
    await systemConnection.close();
    await eventually(() => expect(a.warnings).toEqual([expect.stringContaining(message)]));
    expect(a.isConnected).toBe(true);
    await a.close();
  });
});
