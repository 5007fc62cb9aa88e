import { execFileSync } from 'node:child_process';
import * as diagnostics from 'node:diagnostics_channel';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { connect as connectWithTransportNode } from '@nats-io/transport-node';
import { connect as connectWithNats } from 'nats';
import { natsTransport } from '../../../libs/pg-registry/src/transport/nats';
import { eventually } from '../../support/eventually';
import { NatsServer, type NatsServerOptions } from '../../support/nats-server';
import { TcpDoor } from '../../support/tcp-door';
import { QUICK } from './nats-harness';
import { ask, participate, type Participant } from './participant';

let cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  cleanUps = [];
});

async function startServer(options?: NatsServerOptions): Promise<NatsServer> {
  const server = await NatsServer.start(options);
  cleanUps.push(() => server[Symbol.asyncDispose]());
  return server;
}

async function doorTo(server: NatsServer, options?: { delayMs: number }): Promise<TcpDoor> {
  const door = await TcpDoor.to(server.url, options);
  cleanUps.push(() => door[Symbol.asyncDispose]());
  return door;
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

const statusesOf = ({ statuses }: Participant): string[] => statuses.map(({ type }) => type);

/** The reason why a node could not connect. */
const failureOf = (joining: Promise<unknown>): Promise<string> =>
  joining.then(
    () => 'connected',
    (error: Error) => error.message,
  );

describe('a server that accepts connections and says nothing', () => {
  test('attempts to connect to a silent server leave no socket open', async () => {
    const door = await doorTo(await startServer());
    door.silence();
    const failure = await failureOf(join({ ...QUICK, servers: door.url, timeout: 100 }, 'a', 2000));
    expect(door.held.length).toBeGreaterThan(2);
    await eventually(() => expect(door.waiting).toHaveLength(0));
    expect(failure).toMatch(/Not connected within 2000 ms: .*accepts connections but does not speak/);
  });

  test('a frozen server is not connected to, and again as soon as it goes on', async () => {
    const server = await startServer();
    const door = await doorTo(server);
    const a = await join({ ...QUICK, servers: door.url, timeout: 100 });
    door.silence();
    await eventually(() => expect(a.problem).toMatch(/accepts connections but does not speak/));
    expect(door.waiting.length).toBeLessThan(10);
    door.open();
    await eventually(() => expect(a.isConnected).toBe(true));
    expect(a.problem).toBeUndefined();
    expect(statusesOf(a)).toEqual(['disconnected', 'connected']);
    // The socket of the connection, and none of an attempt.
    await eventually(() => expect(door.waiting).toHaveLength(1));
  });

  test.each([
    ['before its greeting', 0],
    ['after its greeting', Infinity],
  ])('a client that a server leaves alone %s leaves no socket open', async (_, greetings) => {
    // Greets the search, which has found it then, and the client or not; answers nothing.
    const sockets: Socket[] = [];
    const info = { server_id: 's', version: '2.9.10', max_payload: 1_048_576, proto: 1, headers: true };
    const server = createServer((socket) => {
      socket.on('error', () => undefined).resume();
      sockets.push(socket);
      if (sockets.length % 2 === 1 || sockets.length < greetings)
        socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUps.push(() => new Promise((resolve) => void server.close(() => resolve())));
    const servers = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const failure = await failureOf(join({ ...QUICK, servers, timeout: 100 }, 'a', 2000));
    expect(failure).toMatch(/Not connected within 2000 ms/);
    expect(sockets.length).toBeGreaterThan(2);
    await eventually(() => expect(sockets.filter((socket) => !socket.destroyed)).toHaveLength(0));
  });

  test('closing the connection while a server is silent ends every attempt at once', async () => {
    const door = await doorTo(await startServer());
    const a = await join({ ...QUICK, servers: door.url, timeout: 600_000 });
    door.silence();
    await eventually(() => expect(door.waiting.length).toBeGreaterThan(0));
    await a.close();
    await eventually(() => expect(door.waiting).toHaveLength(0));
  });

  test.each([
    ['nats', connectWithNats],
    ['@nats-io/transport-node', connectWithTransportNode],
  ])('a client that is given, and closed while it dials, leaves no socket open: %s', async (_, connect) => {
    const door = await doorTo(await startServer());
    const client = await connect({ ...QUICK, servers: [door.url] });
    await join({ connection: client });
    let dialled = 0;
    const close = (): void => {
      dialled += 1;
      void client.close();
    };
    diagnostics.subscribe('net.client.socket', close);
    cleanUps.push(async () => void diagnostics.unsubscribe('net.client.socket', close));
    door.silence();
    await eventually(() => expect(dialled).toBeGreaterThan(0));
    await client.closed();
    await eventually(() => expect(door.held.length).toBe(dialled));
    await eventually(() => expect(door.waiting.length).toBe(0));
  });

  test('an attempt to connect that is aborted ends at once, and leaves no socket open', async () => {
    const door = await doorTo(await startServer());
    door.silence();
    const leaving = new AbortController();
    const joining = natsTransport({ ...QUICK, servers: door.url }).connect({
      node: 'a',
      replies: 'test.reply.a.>',
      timeoutMs: 60_000,
      signal: leaving.signal,
      onStatus: () => undefined,
      onError: () => undefined,
      onWarning: () => undefined,
    });
    await eventually(() => expect(door.waiting.length).toBeGreaterThan(0));
    leaving.abort();
    await expect(joining).rejects.toMatchObject({ code: 'TRANSPORT' });
    await eventually(() => expect(door.waiting).toHaveLength(0));
  });
});

describe('servers far away', () => {
  test('a node connects with the default options over a line with a round trip of 900 ms', async () => {
    const door = await doorTo(await startServer(), { delayMs: 450 });
    const a = await join({ servers: door.url });
    expect(await ask(a, 'nobody')).toEqual({ type: 'no-responders' });
  });
});

describe('servers of a cluster', () => {
  test('a server that the cluster no longer announces is not dialled any more', async () => {
    const one = await startServer({ cluster: [] });
    const two = await startServer({ cluster: [one] });
    const a = await join({ ...QUICK, servers: one.url, noRandomize: true });
    await eventually(() => expect(one.log).toContain('Route connection created'));
    const oldUrl = new URL(two.url);
    await two.stop();
    await eventually(() => expect(one.log).toMatch(/Router connection closed/));
    await a.flush();
    // Something else listens on the old address.
    const other = await startServer({ config: `http: 127.0.0.1:-1`, port: Number(oldUrl.port) });
    await one.stop();
    await eventually(() => expect(a.problem).toMatch(/ECONNREFUSED/));
    await eventually(() => expect(a.problem).not.toContain(oldUrl.port));
    expect(a.isConnected).toBe(false);
    await one.start();
    await eventually(() => expect(a.isConnected).toBe(true));
    expect(other.log).not.toMatch(/name.*"a"/);
  });

  test('a node does not join an unrelated server on the address that a lost server had announced', async () => {
    const one = await startServer({ cluster: [] });
    const two = await startServer({ cluster: [one] });
    const a = await join({ ...QUICK, servers: one.url, noRandomize: true });
    const b = await join({ ...QUICK, servers: two.url }, 'b');
    await eventually(async () => {
      expect(one.log).toContain('Route connection created');
      await b.flush();
    });
    const port = Number(new URL(two.url).port);
    const { serverId } = a;
    // Both are gone before anybody could withdraw an announcement.
    await Promise.all([one.stop(), two.stop()]);
    await startServer({ port });
    await eventually(() => expect(a.problem).toBeDefined());
    await one.start();
    await eventually(() => expect(a.isConnected).toBe(true));
    expect(a.serverId).not.toBe(serverId);
    expect(statusesOf(a)).toEqual(['disconnected', 'connected']);
  });
});

describe('credentials and certificates', () => {
  test('a connection goes on trying while its credentials are refused, and says so', async () => {
    const users = (password: string): string =>
      `authorization { users: [{ user: app, password: ${password} }] }`;
    const server = await startServer({ config: users('one') });
    const a = await join({ ...QUICK, servers: server.url, user: 'app', pass: 'one' });
    server.reload(users('two'));
    await eventually(() => expect(a.problem).toMatch(/refused the connection: .*AUTHORIZATION_VIOLATION/));
    // Three refusals at least: the client itself gives up at the second.
    await eventually(() =>
      expect(server.log.match(/authentication error/gi)?.length ?? 0).toBeGreaterThan(2),
    );
    server.reload(users('one'));
    await eventually(() => expect(a.isConnected).toBe(true));
    expect(a.problem).toBeUndefined();
    expect(statusesOf(a)).toEqual(['disconnected', 'connected']);
    expect(a.warnings.join()).toMatch(/goes on trying: .*refused the connection/);
  });

  test('a certificate that is not accepted is called that, at once', async () => {
    const directory = mkdtempSync(path(tmpdir(), 'pg-registry-tls-'));
    cleanUps.push(() => Promise.resolve(rmSync(directory, { recursive: true })));
    const [key, cert] = [path(directory, 'key.pem'), path(directory, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-keyout',
        key,
        '-out',
        cert,
        ...subject,
      ],
      { stdio: 'ignore' },
    );
    const server = await startServer({ config: `tls { cert_file: "${cert}", key_file: "${key}" }` });
    const failure = await failureOf(join({ ...QUICK, servers: server.url }, 'a'));
    expect(failure).toMatch(
      /certificate of the NATS server at .* was not accepted: .*self.signed.*`tls: \{ ca/i,
    );
    const a = await join({ ...QUICK, servers: server.url, tls: { caFile: cert } });
    expect(await ask(a, 'nobody')).toEqual({ type: 'no-responders' });
  });

  test('a server that takes no more connections is named as such, and joined as soon as it does', async () => {
    const server = await startServer({ config: 'max_connections: 1' });
    const first = await join({ ...QUICK, servers: server.url }, 'first');
    expect(await failureOf(join({ ...QUICK, servers: server.url }, 'a', 2000))).toMatch(
      /Not connected within 2000 ms: .*maximum connections exceeded.*max_connections/,
    );
    const joining = join({ ...QUICK, servers: server.url }, 'b');
    await first.close();
    expect((await joining).isConnected).toBe(true);
  });
});

describe('the time limit of a connection', () => {
  test('a connection attempt ends in time although garbage is collected meanwhile', async () => {
    const server = await startServer();
    await server.stop();
    let garbage: unknown;
    const churn = setInterval(() => {
      garbage = Array.from({ length: 40_000 }, (_, i) => ({ i, text: `x${i}` }));
      global.gc?.();
    }, 20);
    let giveUp: NodeJS.Timeout | undefined;
    const stillConnecting = new Promise<string>((resolve) => {
      giveUp = setTimeout(() => resolve('still connecting'), 30_000);
    });
    const joining = failureOf(join({ ...QUICK, servers: server.url }, 'a', 1500));
    const failure = await Promise.race([joining, stillConnecting]);
    clearTimeout(giveUp);
    clearInterval(churn);
    expect(garbage).toBeDefined();
    expect(failure).toMatch(/within 1500 ms/);
  });

  test('with waitOnFirstConnect a connection waits for its first server as long as it takes', async () => {
    const server = await startServer();
    await server.stop();
    const joining = join({ ...QUICK, servers: server.url, waitOnFirstConnect: true }, 'a', 50);
    let isOver = false;
    const observed = joining.then(
      () => (isOver = true),
      () => (isOver = true),
    );
    await failureOf(join({ ...QUICK, servers: server.url }, 'b', 300));
    expect(isOver).toBe(false);
    await server.start();
    expect((await joining).isConnected).toBe(true);
    await observed;
  });

  test('reconnectDelayHandler says how long to wait between two rounds', async () => {
    const server = await startServer();
    await server.stop();
    let asked = 0;
    const reconnectDelayHandler = (): number => {
      asked += 1;
      return 30;
    };
    await failureOf(join({ servers: server.url, reconnectDelayHandler }, 'a', 2000));
    expect(asked).toBeGreaterThan(2);
  });
});
