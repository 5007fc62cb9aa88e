import { connect, createInbox, type NatsConnection, RequestStrategy, type ServiceStats } from 'nats';
import { permissionsOf } from 'nestjs-pg-registry';
import { eventually } from '../../support/eventually';
import { Cluster } from '../cluster/cluster';
import type { ClusterNode } from '../cluster/cluster-node';

/** What a tool may do that looks for services. */
const TOOL = { publish: { allow: ['$SRV.>', 'orders'] }, subscribe: { allow: ['_INBOX.>'] } };

/** Each node has the permissions of the template, `quiet` without services; nobody has more. */
function config(): string {
  const user = (name: string, permissions: unknown) => ({ user: name, password: name, permissions });
  const users = [
    ...['a', 'b', 'silent'].map((name) => user(name, permissionsOf('pg', name, { services: true }))),
    user('quiet', permissionsOf('pg', 'quiet')),
    // Its operators use inboxes of their own.
    user('elsewhere', permissionsOf('pg', 'elsewhere', { services: '_INBOX_tools' })),
    user('tool', TOOL),
  ];
  return `authorization { users: ${JSON.stringify(users)} }`;
}

async function all<T>(iterator: Promise<AsyncIterable<T>>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const one of await iterator) found.push(one);
  return found;
}

describe('tools that look for NATS services', () => {
  let cluster: Cluster;
  let a: ClusterNode;
  let b: ClusterNode;
  let tool: NatsConnection;
  beforeAll(async () => {
    cluster = await Cluster.start(1, { config: config() });
    // By their names, they use one client each.
    [a, b] = await Promise.all(
      ['a', 'b'].map((name) =>
        cluster.join(name, {
          client: { user: name, pass: name, services: true },
          observer: { version: '4.2.0' },
        }),
      ),
    );
    await cluster.agreeOnPeers();
    tool = await connect({ servers: cluster.server.url, user: 'tool', pass: 'tool' });
  });
  afterAll(async () => {
    await tool?.close();
    await cluster?.[Symbol.asyncDispose]();
  });

  const services = () =>
    tool.services.client({ strategy: RequestStrategy.JitterTimer, maxWait: 5000, jitter: 300 });
  const nodeOf = ({ metadata }: { readonly metadata?: Record<string, string> }) => metadata?.['node'] ?? '';

  it('find every node, with its version, over both clients', async () => {
    const found = await all(services().ping('pg-registry'));
    expect(found.map(nodeOf).toSorted()).toEqual(['a', 'b']);
    expect(found.map(({ id }) => id).toSorted()).toEqual([a.incarnation, b.incarnation].toSorted());
    expect(found[0]).toMatchObject({
      name: 'pg-registry',
      version: '4.2.0',
      type: 'io.nats.micro.v1.ping_response',
      metadata: { namespace: 'pg', state: 'ready' },
    });
    expect(await all(services().ping('pg-registry', b.incarnation))).toMatchObject([{ id: b.incarnation }]);
    // Everybody is asked: `nats micro ls`.
    expect((await all(services().ping())).map(nodeOf).toSorted()).toEqual(['a', 'b']);
    expect(await all(services().info('pg-registry', a.incarnation))).toMatchObject([
      { description: 'Node a of namespace pg', type: 'io.nats.micro.v1.info_response', endpoints: [] },
    ]);
  });

  it('see how often handlers run from the first question on', async () => {
    await all(services().stats('pg-registry', a.incarnation));
    await a.run(async ({ node }) => {
      const { pid } = node.processes.mount({
        label: 'worker',
        handlers: {
          call: (name: string) => (name === 'work' ? 1 : Promise.reject(new RangeError('no'))),
          cast: () => undefined,
          message: () => undefined,
        },
        serial: true,
      });
      for (let i = 0; i < 3; i += 1) await node.processes.call(pid, 'work');
      await node.processes.call(pid, 'fail').catch(() => undefined);
    });
    await eventually(async () => {
      const [stats] = await all<ServiceStats>(services().stats('pg-registry', a.incarnation));
      expect(stats.type).toBe('io.nats.micro.v1.stats_response');
      expect(Date.parse(stats.started)).toBeLessThanOrEqual(Date.now());
      expect(
        stats.endpoints?.map(({ name, num_requests, num_errors }) => [name, num_requests, num_errors]),
      ).toEqual([
        ['worker_work', 3, 0],
        ['worker_fail', 1, 1],
      ]);
    });
  });

  it('get a bounded number of bytes, and silence beyond', async () => {
    const inbox = createInbox();
    let bytes = 0;
    const subscription = tool.subscribe(inbox, { callback: (_error, { data }) => (bytes += data.length) });
    const before = performance.now();
    for (let i = 0; i < 5000; i += 1) tool.publish('$SRV.INFO.pg-registry', undefined, { reply: inbox });
    await tool.flush();
    // Everything that was asked before this has been answered, or never will be.
    for (const node of [a, b]) await node.peers();
    await tool.flush();
    const seconds = (performance.now() - before) / 1000;
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(2 * (100_000 + 1000 + seconds * 20_000));
    subscription.unsubscribe();
  });

  it('cannot let a node speak to another node, or to the server, in its name', async () => {
    const heard: string[] = [];
    const spy = await connect({ servers: cluster.server.url, user: 'silent', pass: 'silent' });
    for (const mine of ['pgr.pg.to.silent.*.*', 'pgr.pg.reply.silent.>'])
      spy.subscribe(mine, { callback: (_error, { subject }) => void heard.push(subject) });
    await spy.flush();
    // Each is a subject to which the permissions of `a` let it publish.
    for (const reply of ['pgr.pg.to.silent.hello.a', 'pgr.pg.to.silent.ops.a', 'pgr.pg.reply.silent.a.1'])
      tool.publish('$SRV.PING', undefined, { reply });
    await tool.flush();
    // What a node would have sent before its next answer has arrived with it.
    await eventually(async () =>
      expect((await all(services().ping('pg-registry', a.incarnation))).length).toBe(1),
    );
    await spy.flush();
    expect(heard).toEqual([]);
    await spy.close();
  });

  it('are told nothing by nodes without the option, and a node that may not answer says what to do', async () => {
    await cluster.join('silent', { client: { user: 'silent', pass: 'silent' } });
    await expect(
      cluster.join('quiet', { client: { user: 'quiet', pass: 'quiet', services: true } }),
    ).rejects.toThrow(/subscribe to \$SRV\.\*.*\{ services: true \}/s);
    const elsewhere = await cluster.join('elsewhere', {
      client: { user: 'elsewhere', pass: 'elsewhere', services: true },
    });
    const log = () => elsewhere.run((hosted) => hosted.log.join('\n'));
    await eventually(async () => {
      expect((await all(services().ping('pg-registry'))).map(nodeOf).toSorted()).toEqual(['a', 'b']);
      expect(await log()).toContain('to answer who looks for services on _INBOX.');
    });
    expect(await elsewhere.run(({ node }) => node.health().then(({ healthy }) => healthy))).toBe(true);
  });
});
