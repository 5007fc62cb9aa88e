import { setTimeout as during } from 'node:timers/promises';
import { connect } from 'nats';
import { eventually } from '../../support/eventually';
import { Cluster } from '../cluster/cluster';
import type { ClusterNode } from '../cluster/cluster-node';
import { recoveryOf, UNHARMED } from './recovery';
import { Churn } from './churn';
import { Figures } from './figures';
import { length } from './length';

jest.setTimeout(180_000);

const figures = new Figures();
afterAll(() => figures.print());

let cluster: Cluster;
afterEach(() => cluster[Symbol.asyncDispose]());

test('nobody is removed while the broker restarts, and writes of that time arrive', async () => {
  cluster = await Cluster.start();
  const nodes = await cluster.joinAll(['a', 'b', 'c']);
  const churn = await Churn.start(cluster);
  await cluster.server.stop();
  for (const node of nodes) await node.register('meanwhile', node.name);
  await during(length(10_000, 1000));
  await cluster.server.start();
  await churn.stop();
  const recovery = await recoveryOf(cluster);
  figures.add('broker restarted, until all views are equal', `${Math.round(recovery.agreedAfterMs)} ms`);
  expect(recovery).toMatchObject(UNHARMED);
  expect((await nodes[0].values('meanwhile')).toSorted()).toEqual(['a', 'b', 'c']);
});

test('nodes move to other brokers when one of three is killed, and nobody is removed', async () => {
  cluster = await Cluster.start(3);
  const urls = cluster.servers.map(({ url }) => url);
  await Promise.all(
    Array.from({ length: 6 }, (_, i) =>
      cluster.join(`node-${i}`, { servers: [...urls.slice(i % 3), ...urls.slice(0, i % 3)] }),
    ),
  );
  const churn = await Churn.start(cluster);
  await cluster.agreeOnPeers();
  await cluster.servers[0].stop();
  for (const node of cluster.nodes) {
    await eventually(async () =>
      expect(await node.run(({ node: here }) => here.stats().connected)).toBe(true),
    );
  }
  await churn.stop();
  const recovery = await recoveryOf(cluster);
  figures.add(
    'one of three brokers killed, until all views are equal',
    `${Math.round(recovery.agreedAfterMs)} ms`,
  );
  expect(recovery).toMatchObject(UNHARMED);
});

test('a slow consumer that its server disconnects is back as soon as it reads again', async () => {
  cluster = await Cluster.start(1, { config: 'max_payload: 262144, max_pending: 262144' });
  const [a, , slow] = await cluster.joinAll(['a', 'b', 'slow']);
  for (const node of cluster.nodes) await node.register('here', node.name);
  await cluster.agree();
  const blocked = slow.block(length(8000, 3000));
  // More than the buffers of both kernels hold, so that the server drops the connection.
  await flood(a);
  await eventually(() => expect(cluster.server.log).toMatch(/Slow Consumer/i));
  await blocked;
  const { removals, agreedAfterMs, fat } = await recoveryOf(cluster);
  figures.add('slow consumer awake again, until all views are equal', `${Math.round(agreedAfterMs)} ms`);
  expect(fat).toEqual([]);
  // Its connection was closed, so others may take it for crashed. No other node may be removed, and it may remove none.
  expect(removals.filter((removal) => !/removed slow: (crash|silence)$/.test(removal))).toEqual([]);
  expect((await slow.values('here')).toSorted()).toEqual(['a', 'b', 'slow']);
});

/** Some 24 MB, in updates of one entry. */
function flood(node: ClusterNode): Promise<void> {
  return node.run(async ({ node: here }) => {
    const entry = here.scope('pg').register('flood');
    for (let i = 0; i < 400; i += 1) {
      entry.update('x'.repeat(60_000) + String(i));
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    entry.update('over');
  });
}

test('crashes are detected by silence, and nobody else is removed, while a client subscribes to everything', async () => {
  cluster = await Cluster.start();
  const onlooker = await connect({ servers: cluster.server.url });
  try {
    onlooker.subscribe('>');
    await onlooker.flush();
    const options = length({}, { peerTimeoutMs: 4000 });
    const [a, b, c] = await cluster.joinAll(['a', 'b', 'c'], options);
    for (const node of cluster.nodes) await node.register('here', node.name);
    await cluster.agree();
    await eventually(async () =>
      expect(await a.run(({ node }) => node.stats().protocol.crashDetection)).toBe('silence'),
    );
    expect(await a.log()).toEqual([expect.stringContaining('a crash cannot be told from silence')]);

    b.process.kill('SIGSTOP');
    await during(2000);
    b.process.kill('SIGCONT');
    expect(await recoveryOf(cluster)).toMatchObject(UNHARMED);

    const killedAt = Date.now();
    await c.crash();
    cluster.forget(c);
    await eventually(async () => expect(await a.peers()).toEqual(['b']), { timeoutMs: 25_000 });
    await cluster.agree();
    const removed = (await a.peerEvents()).find(({ type }) => type === 'peer-removed')!;
    figures.add('kill -9 under an onlooker until a peer removes', `${removed.at - killedAt} ms`);
    expect(await cluster.removals()).toEqual(['a removed c: silence', 'b removed c: silence']);
  } finally {
    await onlooker.close();
  }
});
