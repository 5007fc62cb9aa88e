import { once } from 'node:events';
import { type AddressInfo, createServer, connect as openSocket } from 'node:net';
import { connect as connectWithNats } from 'nats';
import { connect as connectWithTransportNode } from '@nats-io/transport-node';
import { type NatsClient, natsTransport } from '../../../libs/pg-registry/src/transport/nats';
import { eventually } from '../../support/eventually';
import { timeLimit } from '../../support/time-limit';
import { NatsServer } from '../../support/nats-server';
import { TcpDoor } from '../../support/tcp-door';
import { QUICK } from './nats-harness';
import { ask, bytes, collect, participate, type Participant } from './participant';

const clients: readonly (readonly [string, (options: object) => Promise<NatsClient>])[] = [
  ['nats', (options) => connectWithNats(options)],
  ['@nats-io/transport-node', (options) => connectWithTransportNode(options)],
];

let cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  cleanUps = [];
});

async function startServer(options?: Parameters<typeof NatsServer.start>[0]): Promise<NatsServer> {
  const server = await NatsServer.start(options);
  cleanUps.push(() => server[Symbol.asyncDispose]());
  return server;
}

async function join(
  options: Parameters<typeof natsTransport>[0],
  node = 'a',
  timeoutMs = 30_000,
): Promise<Participant> {
  const participant = await participate(natsTransport(options), node, timeoutMs);
  cleanUps.push(() => participant.close());
  return participant;
}

describe('connecting', () => {
  test('connecting without a server fails in time, and the error names the servers, the reason and what to do', async () => {
    const server = await startServer();
    await server.stop();
    const servers = server.url.replace('//', '//user:secret@');
    const before = performance.now();
    const error: unknown = await participate(natsTransport({ ...QUICK, servers }), 'a', 300).catch(
      (e: unknown) => e,
    );
    expect(performance.now() - before).toBeLessThan(timeLimit(2000));
    expect(error).toMatchObject({ code: 'TRANSPORT', message: expect.stringContaining(server.url) });
    expect(error).toMatchObject({
      message: expect.stringMatching(/within 300 ms: .*ECONNREFUSED.*nats-server/),
    });
    expect(error).toMatchObject({ message: expect.not.stringContaining('secret') });
  });

  test('connecting waits for a server that is still starting', async () => {
    const server = await startServer();
    await server.stop();
    const joining = join({ ...QUICK, servers: server.url });
    await server.start();
    expect((await joining).isConnected).toBe(true);
  });

  test('connecting with wrong credentials fails at once', async () => {
    const server = await startServer({ config: 'authorization { user: "me", password: "right" }' });
    const joining = join({ ...QUICK, servers: server.url, user: 'me', pass: 'wrong' }, 'a', 60_000);
    await expect(joining).rejects.toMatchObject({
      code: 'TRANSPORT',
      message: expect.stringMatching(/refused the connection.*AUTHORIZATION_VIOLATION.*credentials/),
    });
    await expect(join({ ...QUICK, servers: server.url, user: 'me', pass: 'right' })).resolves.toBeDefined();
  });

  test("a connection tells the server the node's name, and has the registry's defaults", async () => {
    const server = await startServer();
    const a = await join({ servers: [server.url] }, 'orders-1');
    expect(a.warnings).toEqual([]);
    await ask(a, 'nobody');
    const heard = await collect(a, 'own');
    a.publish('own', bytes('not echoed'));
    await a.flush();
    expect(heard).toEqual([]);
  });
});

describe('reconnecting', () => {
  const user = { user: 'me', pass: 'pw' };

  test('late connection attempts do not undo a reconnect', async () => {
    const server = await startServer({
      config: 'authorization { user: "me", password: "pw", timeout: 0.2 }',
    });
    const door = await TcpDoor.to(server.url);
    cleanUps.push(() => door[Symbol.asyncDispose]());
    const a = await join({ ...QUICK, ...user, timeout: 100, servers: door.url });
    door.silence();
    await eventually(() => expect(door.held.length).toBeGreaterThan(3));
    const late = door.waiting;
    door.open();
    await eventually(() => expect(a.isConnected).toBe(true));
    // The server closes connections that do not authenticate.
    await eventually(() => expect(late.every((socket) => socket.destroyed)).toBe(true));
    expect(await ask(a, 'nobody')).toEqual({ type: 'no-responders' });
    expect(a.statuses.map((status) => status.type)).toEqual(['disconnected', 'connected']);
  });

  test('a reconnect finds a server that the lost server announced', async () => {
    const one = await startServer({ cluster: [] });
    const two = await startServer({ cluster: [one] });
    const b = await join({ ...QUICK, servers: two.url }, 'b');
    const a = await join({ ...QUICK, servers: one.url }, 'a');
    await eventually(async () => {
      b.publish('told', bytes(''));
      await b.flush();
      expect(one.log).toContain('Route connection created');
    });
    const heard = await collect(a, 'after');
    await one.stop();
    await eventually(() => expect(a.serverId).toBe(b.serverId));
    await eventually(() => {
      b.publish('after', bytes('the reconnect'));
      expect(heard).toContain('the reconnect');
    });
  });

  test('reconnecting ends after the allowed number of rounds, and when the connection is closed', async () => {
    const server = await startServer();
    const a = await join({ ...QUICK, servers: server.url, maxReconnectAttempts: 2 }, 'a');
    const b = await join({ ...QUICK, servers: server.url }, 'b');
    await server.stop();
    await eventually(() =>
      expect(a.statuses.map((status) => status.type)).toEqual(['disconnected', 'closed']),
    );
    expect(a.statuses[1]).toMatchObject({ error: { message: expect.stringContaining('in 2 rounds') } });
    await eventually(() => expect(b.isConnected).toBe(false));
    await b.close();
    await server.start();
    const c = await join({ ...QUICK, servers: server.url }, 'c');
    await c.flush();
    expect(b.statuses.map((status) => status.type)).toEqual(['disconnected']);
  });
});

describe.each(clients)("a given connection of '%s'", (_, connect) => {
  async function give(server: NatsServer, options = {}): Promise<NatsClient> {
    const client = await connect({ ...QUICK, servers: server.url, ...options });
    cleanUps.push(() => client.close());
    return client;
  }

  test('a given connection serves one node at a time, and stays open when the node closes', async () => {
    const connection = await give(await startServer());
    const a = await join({ connection });
    await expect(join({ connection }, 'b')).rejects.toMatchObject({
      code: 'TRANSPORT',
      message: expect.stringContaining("serves node 'a' already"),
    });
    const heard = await collect(a, 'given');
    await a.close();
    expect(connection.isClosed()).toBe(false);
    connection.publish('given', bytes('late'));
    await connection.flush();
    expect(heard).toEqual([]);
    await expect(join({ connection }, 'b')).resolves.toBeDefined();
  });

  test('a given connection gets a warning only if its options are weaker than the defaults', async () => {
    const server = await startServer();
    const strict = await join({ connection: await give(server) });
    expect(strict.warnings).toEqual([]);
    const weak = await join({
      connection: await give(server, { maxReconnectAttempts: 3, pingInterval: 60_000 }),
    });
    expect(weak.warnings).toEqual([
      expect.stringMatching(/maxReconnectAttempts: 3 .*pingInterval: 60000 ms \(at most 2000 ms is wanted\)/),
    ]);
  });

  test('a given connection that is closed already is refused', async () => {
    const connection = await give(await startServer());
    await connection.close();
    await expect(join({ connection })).rejects.toMatchObject({
      code: 'TRANSPORT',
      message: expect.stringContaining('is closed'),
    });
  });

  test('a given connection that lost its server is refused in time, and accepted again later', async () => {
    const server = await startServer();
    const connection = await give(server);
    await server.stop();
    await expect(join({ connection }, 'a', 100)).rejects.toMatchObject({
      code: 'TRANSPORT',
      message: expect.stringContaining('is not connected'),
    });
    await server.start();
    await expect(join({ connection })).resolves.toMatchObject({ isConnected: true });
  });

  test('a given connection that its owner closes is reported as closed once, and open requests fail', async () => {
    const connection = await give(await startServer());
    const a = await join({ connection });
    const open = ask(a, 'test.reply.a.open', '', 60_000);
    await connection.close();
    await expect(open).resolves.toEqual(expect.objectContaining({ type: expect.any(String) }));
    await eventually(() => expect(a.statuses.map((status) => status.type)).toEqual(['closed']));
    expect(a.isConnected).toBe(false);
    await a.close();
    expect(a.statuses).toHaveLength(1);
  });

  test('a given connection that gives up reconnecting is reported as closed', async () => {
    const server = await startServer();
    const a = await join({ connection: await give(server, { maxReconnectAttempts: 1 }) });
    await server.stop();
    await eventually(() =>
      expect(a.statuses.map((status) => status.type)).toEqual(['disconnected', 'closed']),
    );
  });

  test('a connection has another server id after the server was restarted', async () => {
    const server = await startServer();
    const a = await join({ connection: await give(server) });
    const first = a.serverId;
    await server.stop();
    await server.start();
    await eventually(() =>
      expect(a.statuses.map((status) => status.type)).toEqual(['disconnected', 'connected']),
    );
    expect(a.statuses[1]).toEqual({ type: 'connected', serverId: a.serverId });
    expect(a.serverId).not.toBe(first);
  });

  test('a connection reports what the server does not permit', async () => {
    const permissions = '{ publish: { deny: "secret.>" }, subscribe: { deny: "hidden.>" } }';
    const server = await startServer({
      config: `authorization { users: [{ user: "me", password: "pw", permissions: ${permissions} }] }`,
    });
    const a = await join({ connection: await give(server, { user: 'me', pass: 'pw' }) });
    a.publish('secret.plan', bytes(''));
    a.subscribe('hidden.place', () => undefined);
    await eventually(() => expect(a.errors).toHaveLength(2));
    expect(a.errors.map((error) => error.message).join()).toMatch(/secret\.plan.*hidden\.place/s);
    expect(await ask(a, 'nobody')).toEqual({ type: 'no-responders' });
  });

  test('a connection is cut when its server freezes, however much is still to be written', async () => {
    const server = await startServer();
    const a = await join({ connection: await give(server, { pingInterval: 50 }) });
    await server.pause();
    const block = new Uint8Array(512 * 1024);
    for (let i = 0; i < 64; i += 1) a.publish('block', block);
    await eventually(() => expect(a.statuses.map((status) => status.type)).toEqual(['disconnected']));
    server.resume();
    await eventually(() => expect(a.isConnected).toBe(true));
  });

  test('a connection tells when its server does not take what is on its way, and when it takes it again', async () => {
    const server = await startServer();
    const a = await join({ connection: await give(server, { pingInterval: 60_000 }) });
    const block = new Uint8Array(512 * 1024);
    await server.pause();
    for (let i = 0; i < 31; i += 1) a.publish('block', block);
    expect(a.outgoing).toMatchObject({ congestions: 0, bytes: 31 * block.length });
    expect(a.outgoing!.congestion()).toBeUndefined();
    for (let i = 31; i < 40; i += 1) a.publish('block', block);
    const ends = a.outgoing!.congestion();
    expect(ends).toBeInstanceOf(Promise);
    server.resume();
    await ends;
    await eventually(() => expect(a.outgoing!.bytes).toBeLessThan(2 * 1024 * 1024));
    expect([a.outgoing!.congestions, a.outgoing!.congestion()]).toEqual([1, undefined]);
    expect(a.statuses).toEqual([]);
  });
});

test('nodes of two servers of one cluster meet, and name different servers', async () => {
  const one = await startServer({ cluster: [] });
  const two = await startServer({ cluster: [one] });
  const a = await join({ ...QUICK, servers: one.url }, 'a');
  const b = await join({ ...QUICK, servers: two.url }, 'b');
  expect(a.serverId).not.toBe(b.serverId);
  const heard = await collect(b, 'across');
  await eventually(() => {
    a.publish('across', bytes('hello'));
    expect(heard).toContain('hello');
  });
});

test('an answer may come through another server of the cluster, and so may no responders', async () => {
  const one = await startServer({ cluster: [] });
  const two = await startServer({ cluster: [one] });
  const a = await join({ ...QUICK, servers: one.url }, 'a');
  const b = await join({ ...QUICK, servers: two.url }, 'b');
  b.subscribe('far', (_, message, reply) => b.publish(reply, message));
  await b.flush();
  await eventually(async () => expect(await ask(a, 'far', '', 500)).toMatchObject({ type: 'answer' }));
  await b.close();
  // A question that the route takes before it hears that b is gone gets no word from anybody: it must not wait for long.
  await eventually(async () => expect(await ask(a, 'far', '', 500)).toEqual({ type: 'no-responders' }));
});

test.each(clients)(
  'a connection lives while its server sends, though answers to its pings are late, and is lost when it sends nothing (%s)',
  async (_, connect) => {
    // What a real server does not do when it is told to: its answers to pings wait behind messages for ever.
    let [isAnswering, isSending, pings] = [true, true, 0];
    const info = { server_id: 's', version: '2.9.10', max_payload: 1_048_576, headers: true, proto: 1 };
    const flood = `MSG storm 1 100000\r\n${'x'.repeat(100_000)}\r\n`;
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (text) => {
        const asked = text.toString().split('PING\r\n').length - 1;
        pings += asked;
        if (isAnswering) socket.write('PONG\r\n'.repeat(asked));
        else if (asked > 0 && isSending) socket.write(flood);
      });
      socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    }).listen(0, '127.0.0.1');
    cleanUps.push(() => new Promise((resolve) => server.close(() => resolve())));
    await once(server, 'listening');
    const servers = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = await connect({ servers, pingInterval: 50, maxPingOut: 2, reconnect: false });
    cleanUps.push(() => client.close());
    const a = await join({ connection: client });
    [isAnswering, pings] = [false, 0];
    await eventually(() => expect(pings).toBeGreaterThan(8));
    expect(a.statuses).toEqual([]);
    isSending = false;
    await eventually(() => expect(a.isConnected).toBe(false));
  },
);

describe('messages of hostile peers', () => {
  test.each(clients)(
    'a message with malformed or many headers is dropped unread, and later messages arrive, with %s',
    async (_, connect) => {
      const server = await startServer();
      const client = await connect({ servers: server.url });
      cleanUps.push(() => client.close());
      const node = await join({ connection: client });
      const heard = await collect(node, 'inbox');
      const { hostname, port } = new URL(server.url);
      const socket = openSocket(Number(port), hostname);
      cleanUps.push(() => Promise.resolve(void socket.destroy()));
      // The clients compare each header with all before it: to read these would take them minutes.
      const many = Array.from({ length: 150_000 }, (__, at) => `${at.toString(36)}:\r\n`).join('');
      const publish = (subject: string): string =>
        ['bad key: x\r\n', many]
          .map((lines) => `NATS/1.0\r\n${lines}\r\n`)
          .map((headers) => `HPUB ${subject} ${headers.length} ${headers.length}\r\n${headers}\r\n`)
          .join('');
      socket.write('CONNECT {"headers":true,"verbose":false,"pedantic":false}\r\n');
      socket.write(publish('inbox') + publish(`test.reply.${node.node}.1`) + 'PUB inbox 5\r\nafter\r\n');
      await eventually(() => expect(heard).toEqual(['after']));
      expect(node.errors).toEqual([]);
    },
  );
});
