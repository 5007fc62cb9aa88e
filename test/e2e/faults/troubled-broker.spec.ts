import { setTimeout as during } from 'node:timers/promises';
import { eventually } from '../../support/eventually';
import { timeLimit } from '../../support/time-limit';
import { NatsServer } from '../../support/nats-server';
import { TcpDoor } from '../../support/tcp-door';
import { Cluster, type JoinOptions } from '../cluster/cluster';
import type { ClusterNode } from '../cluster/cluster-node';
import { Figures } from './figures';
import { length } from './length';

jest.setTimeout(180_000);

/** How long a process may live on after its node has left. The goodbye of a node whose broker is frozen waits a second before that. */
const LIVES_ON_MS = timeLimit(2000);

/** Who opens the connection of a node. */
const WAYS = [
  ['natsTransport', {}],
  ["the client 'nats' 2", { given: 'nats' }],
  ["the client '@nats-io/transport-node' 3", { given: '@nats-io/transport-node' }],
] as const satisfies readonly (readonly [string, JoinOptions])[];

const figures = new Figures();
afterAll(() => figures.print());

let cluster: Cluster;
let door: TcpDoor | undefined;
afterEach(async () => {
  await door?.[Symbol.asyncDispose]();
  door = undefined;
  await cluster[Symbol.asyncDispose]();
});

/** Lets nodes leave. @returns How long the process of any of them lived on until it ended by itself, at most, in milliseconds. */
async function livesOn(what: string, nodes: Iterable<ClusterNode> = cluster.nodes): Promise<number> {
  const times = await Promise.all([...nodes].map((node) => node.end()));
  figures.addTimes(`${what}: a process lives on after its node has left`, times);
  return Math.max(...times);
}

async function healthOf(node: ClusterNode): Promise<string> {
  return node.run(async ({ node: here }) => (await here.health({ timeoutMs: 500 })).reason ?? 'healthy');
}

/** Waits until a node says in its health what is wrong. */
async function expectHealth(node: ClusterNode, reason: RegExp, timeoutMs = 20_000): Promise<void> {
  await eventually(async () => expect(await healthOf(node)).toMatch(reason), { timeoutMs });
}

describe.each(WAYS)('with a connection by %s', (way, options) => {
  test('a broker with small messages carries whatever may be registered, and refuses the rest at once', async () => {
    cluster = await Cluster.start(1, { config: 'max_payload: 32768' });
    const owner = await cluster.join('owner', options);
    const early = await cluster.join('early', options);
    const register = (bytes: number): Promise<string> =>
      owner.run(({ node }, size) => {
        try {
          node.scope('pg').register(`of ${size}`, 'x'.repeat(size));
          return 'registered';
        } catch (error) {
          return (error as Error).message;
        }
      }, bytes);
    expect(await register(40_000)).toMatch(
      /larger than 23552 bytes, because the broker .* 32768 bytes \(max_payload\)/,
    );
    expect(await register(23_000)).toBe('registered');
    await owner.run(({ node }) => {
      const handlers = {
        call: (_: string, payload: unknown) => 'x'.repeat(Number(payload)),
        cast: () => undefined,
        message: () => undefined,
      };
      const { pid } = node.processes.mount({ label: 'make', handlers, serial: false });
      node.scope('pg').join('make', pid);
    });
    await cluster.agree();
    const call = (payload: unknown): Promise<string> =>
      early.run(
        ({ node, library }, what) =>
          node.processes.call<string>(library.via('pg', 'make'), 'make', what).then(
            (text) => `${text.length} bytes`,
            (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
          ),
        payload,
      );
    expect(await call(27_000)).toBe('27000 bytes');
    expect(await call(40_000)).toMatch(/max_payload/);
    expect(await call('x'.repeat(40_000))).toMatch(/VALUE_TOO_LARGE: .*max_payload/);
    // These two fit into a message, but not with everything that goes with them.
    expect(await call('x'.repeat(28_150))).toMatch(
      /VALUE_TOO_LARGE: .* 28160 bytes .*the broker takes messages of at most 32768 bytes \(max_payload\)\. Nothing was sent\.$/,
    );
    expect(await call(28_150)).toMatch(/28160 bytes .*32768 bytes \(max_payload\)\. The handler ran\./);
    await cluster.join('late', options);
    await cluster.agree();
    expect(await livesOn(`small messages, ${way}`)).toBeLessThan(LIVES_ON_MS);
  });

  test('entries that are too large after a reload of the broker reach a node that comes later', async () => {
    cluster = await Cluster.start(1, { config: 'max_payload: 131072' });
    const owner = await cluster.join('owner', options);
    await owner.register('large', 'x'.repeat(60_000));
    await owner.register('after');
    await cluster.join('early', options);
    await cluster.agree();
    cluster.server.reload('max_payload: 16384');
    await eventually(() => expect(cluster.server.log).toMatch(/Reloaded server configuration/));
    await cluster.join('late', options);
    await cluster.agree({ timeoutMs: 20_000 });
    await owner.register('later');
    await cluster.agree({ timeoutMs: 20_000 });
    expect(await livesOn(`messages that became smaller, ${way}`)).toBeLessThan(LIVES_ON_MS);
  });

  test('credentials that the broker refuses for a while stop no node', async () => {
    const users = (password: string): string =>
      `authorization { users: [{ user: app, password: ${password} }, { user: other, password: other }] }`;
    cluster = await Cluster.start(1, { config: users('one') });
    const client = { user: 'app', pass: 'one' };
    const a = await cluster.join('a', { ...options, client });
    const b = await cluster.join('b', { client: { user: 'other', pass: 'other' } });
    await a.register('here', 'a');
    await cluster.agree();
    cluster.server.reload(users('two'));
    await eventually(async () => expect(await healthOf(a)).toMatch(/not connected/));
    if (way === 'natsTransport')
      await expectHealth(a, /not connected: .*refused the connection: .*authorization.violation/i);
    await during(length(10_000, 1500));
    cluster.server.reload(users('one'));
    await eventually(async () => expect(await healthOf(a)).toBe('healthy'), { timeoutMs: 20_000 });
    await cluster.agree({ timeoutMs: 10_000 });
    expect(await b.values('here')).toEqual(['a']);
    cluster.server.reload(users('two'));
    await eventually(async () => expect(await healthOf(a)).toMatch(/not connected/));
    expect(await livesOn(`refused credentials, ${way}`)).toBeLessThan(LIVES_ON_MS);
  });

  test('a frozen broker keeps no process alive', async () => {
    cluster = await Cluster.start();
    await cluster.join('a', options);
    await cluster.server.pause();
    await during(length(20_000, 500));
    expect(await livesOn(`a frozen broker, ${way}`)).toBeLessThan(LIVES_ON_MS);
  });

  test('a broker that accepts connections and says nothing keeps no process alive', async () => {
    cluster = await Cluster.start();
    door = await TcpDoor.to(cluster.server.url);
    const a = await cluster.join('a', { ...options, servers: [door.url], client: { timeout: 200 } });
    door.silence();
    await eventually(async () => expect(await healthOf(a)).toMatch(/not connected/));
    await eventually(() => expect(door!.held.length).toBeGreaterThan(length(50, 8)), { timeoutMs: 60_000 });
    expect(door.waiting.length).toBeLessThan(4);
    expect(await livesOn(`a silent broker, ${way}`)).toBeLessThan(LIVES_ON_MS);
  });

  test('a broker that is gone keeps no process alive', async () => {
    cluster = await Cluster.start();
    const a = await cluster.join('a', options);
    await cluster.server.stop();
    await expectHealth(a, /not connected/);
    expect(await livesOn(`a broker that is gone, ${way}`)).toBeLessThan(LIVES_ON_MS);
  });

  test('a call without a time limit ends when its answer was lost while the broker was away', async () => {
    cluster = await Cluster.start();
    const asking = await cluster.join('asking', options);
    const answering = await cluster.join('answering', options);
    await answering.run(({ node, kept }) => {
      const call = (): Promise<string> => new Promise((resolve) => kept.set('answer', () => resolve('done')));
      const handlers = { call, cast: () => undefined, message: () => undefined };
      node.scope('pg').join('slow', node.processes.mount({ label: 'slow', handlers, serial: false }).pid);
    });
    await cluster.agree();
    await asking.run(({ node, library, kept }) => {
      const call = node.processes.call(library.via('pg', 'slow'), 'any', null, { timeoutMs: Infinity });
      const outcome = (of: unknown): unknown => kept.set('outcome', of);
      call.then(outcome, (error: { code: string }) => outcome(error.code));
    });
    await eventually(() => answering.run(({ kept }) => kept.has('answer')));
    await cluster.server.stop();
    await expectHealth(answering, /not connected/);
    await answering.run(({ kept }) => (kept.get('answer') as () => void)());
    await during(length(5000, 300));
    await cluster.server.start();
    const backAt = performance.now();
    await eventually(
      async () => expect(await asking.run(({ kept }) => kept.get('outcome'))).toBe('TRANSPORT'),
      {
        timeoutMs: 20_000,
      },
    );
    figures.add(
      `lost answer, ${way}: from the broker's return until the call ends`,
      `${Math.round(performance.now() - backAt)} ms`,
    );
    expect(await asking.run(({ node }) => node.stats().calls.pending)).toBe(0);
    expect(await livesOn(`a lost answer, ${way}`)).toBeLessThan(LIVES_ON_MS);
  });

  test('a permission that is taken away makes health down until it is back', async () => {
    const config = (publish: string): string =>
      `authorization { users: [{ user: a, password: a, permissions: { publish: "${publish}", subscribe: ">" } }] }`;
    cluster = await Cluster.start(1, { config: config('>') });
    const a = await cluster.join('a', { ...options, client: { user: 'a', pass: 'a' }, helloIntervalMs: 200 });
    expect(await healthOf(a)).toBe('healthy');
    cluster.server.reload(config('elsewhere'));
    await expectHealth(a, /does not permit the node's user to publish to pgr\.pg\./);
    cluster.server.reload(config('>'));
    // A refused question to a node that nobody has, which looks for onlookers, is not repeated: it counts for a minute.
    await expectHealth(a, /^healthy$/, 90_000);
    expect(await livesOn(`permissions taken away, ${way}`)).toBeLessThan(LIVES_ON_MS);
  });
});

test('a node without permissions does not start, names the subject, and starts with requirePermissions: false', async () => {
  const permissions = '{ publish: "elsewhere", subscribe: "elsewhere" }';
  cluster = await Cluster.start(1, {
    config: `authorization { users: [{ user: a, password: a, permissions: ${permissions} }] }`,
  });
  const client = { user: 'a', pass: 'a' };
  await expect(cluster.join('a', { client })).rejects.toMatchObject({
    code: 'TRANSPORT',
    message: expect.stringMatching(/subscribe to pgr\.pg\.from\.\*\.hello.*permissionsOf/),
  });
  const b = await cluster.join('b', { client, requirePermissions: false });
  expect(await healthOf(b)).toMatch(/does not permit/);
  const synced = b.run(({ node }) =>
    node.synced({ timeoutMs: 600 }).then(
      () => 'in sync',
      (error: Error) => error.message,
    ),
  );
  expect(await synced).toMatch(/Not in sync after 600 ms: .*does not permit/);
  expect(await livesOn('a node without permissions', [b])).toBeLessThan(LIVES_ON_MS);
});

test('a server that the cluster has withdrawn is dialled no more, and a node returns to those that are left', async () => {
  cluster = await Cluster.start(2);
  const [one, two] = cluster.servers;
  const a = await cluster.join('a', { servers: [one.url] });
  const port = Number(new URL(two.url).port);
  await two.stop();
  await eventually(() => expect(one.log).toMatch(/Router connection closed/));
  const stranger = await NatsServer.start({ port });
  try {
    await one.stop();
    await expectHealth(a, /not connected: no NATS server answers/);
    await during(length(5000, 500));
    expect(await healthOf(a)).not.toContain(String(port));
    await one.start();
    await expectHealth(a, /^healthy$/);
    await one.stop();
    await expectHealth(a, /not connected/);
    expect(await livesOn('a withdrawn server')).toBeLessThan(LIVES_ON_MS);
  } finally {
    await stranger[Symbol.asyncDispose]();
  }
});
