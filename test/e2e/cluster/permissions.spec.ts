import { connect, type NatsConnection } from 'nats';
import { permissionsOf } from 'nestjs-pg-registry';
import { encodeFrame } from '../../../libs/pg-registry/src/wire/frame';
import type { FrameKind } from '../../../libs/pg-registry/src/wire/frame-kinds';
import { incarnationOf } from '../../../libs/pg-registry/src/wire/incarnation';
import { eventually } from '../../support/eventually';
import { Cluster } from './cluster';
import type { ClusterNode } from './cluster-node';

/** Starts a server that allows each of these nodes the permissions of the template and nothing more; `restricted` may not end processes of others. */
function configFor(names: readonly string[]): string {
  const users = names.map((user) => ({
    user,
    password: user,
    permissions: permissionsOf('pg', user, { exit: user !== 'restricted' }),
  }));
  return `authorization { users: ${JSON.stringify(users)} }`;
}

let cluster: Cluster;
let a: ClusterNode;
let b: ClusterNode;
beforeAll(async () => {
  cluster = await Cluster.start(1, { config: configFor(['a', 'b', 'mallory', 'restricted']) });
  const join = (name: string) => cluster.join(name, { client: { user: name, pass: name } });
  [a, b] = [await join('a'), await join('b')];
  for (const node of [a, b]) await node.register('here', node.name);
  await cluster.agree();
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** A hostile member: it has valid credentials and does not run the library. */
async function withMallory(act: (connection: NatsConnection) => Promise<void>): Promise<void> {
  const connection = await connect({ servers: cluster.server.url, user: 'mallory', pass: 'mallory' });
  try {
    await act(connection);
  } finally {
    await connection.close();
  }
}

function frame(kind: FrameKind, node: string): Uint8Array {
  const versions = { min: 1, max: 1 };
  return encodeFrame({
    version: 1,
    node,
    incarnation: incarnationOf(node, 7),
    epoch: 2 ** 50,
    kind,
    versions,
  });
}

test('with permissions from the template for each node, everything works that works without', async () => {
  await a.register('late', 'a');
  await eventually(async () => expect(await b.values('late')).toEqual(['a']));
  await a.run(({ node }) => node.scope('pg').replicated());
  await b.run(({ node }) => {
    const handlers = {
      call: (_: string, payload: unknown) => payload,
      cast: () => undefined,
      message: () => undefined,
    };
    node.scope('pg').join('echo', node.processes.mount({ label: 'echo', handlers, serial: false }).pid);
  });
  await cluster.agree();
  await expect(
    a.run(({ node, library }) => node.processes.call(library.via('pg', 'echo'), 'echo', 'ping')),
  ).resolves.toBe('ping');
  for (const node of [a, b]) {
    expect(await node.log()).toEqual([]);
    expect(await node.run(({ node: here }) => here.stats().protocol.crashDetection)).toBe('no-responders');
  }
});

test('the server refuses a goodbye, an epoch and an answer in the name of another node', () =>
  withMallory(async (connection) => {
    for (const kind of ['goodbye', 'hello', 'suspect'] as const) {
      connection.publish(`pgr.pg.from.b.${kind}`, frame(kind, 'b'));
      connection.publish(`pgr.pg.to.a.${kind}.b`, frame(kind, 'b'));
    }
    connection.publish('pgr.pg.reply.a.b.0', frame('reply', 'b'));
    connection.subscribe('pgr.pg.to.b.>', { callback: () => undefined });
    connection.subscribe('pgr.pg.>', { callback: () => undefined });
    await connection.flush();
    await eventually(() => expect(cluster.server.log.match(/Violation/g)).toHaveLength(9));
    await cluster.agree();
    expect(await cluster.removals()).toEqual([]);
  }));

test('the receiver refuses a frame that names another sender than its subject, or another receiver of the answer', () =>
  withMallory(async (connection) => {
    const before = await a.counter('forged-frame');
    connection.publish('pgr.pg.from.mallory.goodbye', frame('goodbye', 'b'));
    connection.publish('pgr.pg.to.a.hello.mallory', frame('hello', 'b'));
    // A confused deputy: asks a to send its answer to the subject on which b waits for another node's.
    connection.publish('pgr.pg.to.a.call.mallory', frame('call', 'mallory'), { reply: 'pgr.pg.reply.b.a.0' });
    connection.publish('pgr.pg.alive.a', frame('alive', 'mallory'), { reply: 'pgr.pg.reply.b.a.0' });
    await connection.flush();
    await eventually(async () => expect(await a.counter('forged-frame')).toBe(before + 2));
    await eventually(async () => expect(await a.counter('foreign-reply')).toBe(2));
    await cluster.agree();
    expect(await cluster.removals()).toEqual([]);
  }));

describe('ending a process of another node', () => {
  /** Starts a process on b that is found as `key`. */
  const startOnB = (key: string): Promise<void> =>
    b.run(({ node }, name) => {
      node.scope('pg').join(name, node.processes.spawn().pid);
    }, key);

  /** Lets a node end the process that is found as `key`. @returns What came of it. */
  const endBy = async (ending: ClusterNode, key: string): Promise<string> => {
    await eventually(async () => expect(await ending.values(key)).toHaveLength(1));
    return ending.run(({ node }, name) => {
      const [pid] = node.scope('pg').members(name);
      return node.processes.exit(pid).then(
        () => 'ended',
        (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
      );
    }, key);
  };

  /** Lets a node stop an entity of b. @returns What came of it. */
  const stopEntityBy = async (stopping: ClusterNode): Promise<string> => {
    await b.run(async ({ node }) => {
      await node.entities.ready();
      if (node.scope('pg.hosts').lookup('thing').length > 0) return;
      const [host, entity] = [node.processes.spawn(), node.processes.spawn()];
      node.scope('pg.hosts').join('thing', host.pid, { guard: 'view', stateVersion: 1, full: false });
      node.scope('pg.entities').join(['thing', 'k'], entity.pid);
    });
    await eventually(async () => {
      const known = await stopping.run(async ({ node }) => {
        await node.entities.ready();
        return node.entities.hosts('thing').length + node.entities.list('thing').length;
      });
      expect(known).toBe(2);
    });
    return stopping.run(({ node }) =>
      node.entities.stop('thing', 'k').then(
        (stopped) => `stopped: ${stopped}`,
        (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
      ),
    );
  };

  test('with permissions from the template a node ends a process of another node', async () => {
    await startOnB('victim');
    expect(await endBy(a, 'victim')).toBe('ended');
    expect(await b.values('victim')).toEqual([]);
    await cluster.agree();
  });

  test.each(['nats', '@nats-io/transport-node'])(
    'with permissions from the template with exit: false a node is refused at once, and stays healthy, over the client %s',
    async (client) => {
      const credentials = { user: 'restricted', pass: 'restricted', client };
      const restricted = await cluster.join('restricted', { client: credentials });
      await startOnB(client);
      expect(await endBy(restricted, client)).toMatch(
        /^TRANSPORT: The broker does not permit this node to end processes of other nodes .* <b\.\d+> was not ended\.$/,
      );
      expect(await b.values(client)).toHaveLength(1);
      expect(await restricted.run(async ({ node }) => (await node.health()).reason ?? 'healthy')).toBe(
        'healthy',
      );
      expect(await restricted.log()).toEqual([]);
      expect(await stopEntityBy(restricted)).toMatch(
        /^TRANSPORT: The broker does not permit this node to end/,
      );
      expect(cluster.server.log).toMatch(/Publish Violation.*pgr\.pg\.to\.b\.exit\.restricted/);
      await restricted.leave();
      cluster.forget(restricted);
    },
  );
});
