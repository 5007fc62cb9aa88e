import { setTimeout as during } from 'node:timers/promises';
import { eventually } from '../../support/eventually';
import { timeLimit } from '../../support/time-limit';
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
beforeEach(async () => {
  cluster = await Cluster.start();
});
afterEach(() => cluster[Symbol.asyncDispose]());

async function populate(names: readonly string[]): Promise<ClusterNode[]> {
  const nodes = await cluster.joinAll(names);
  for (const node of nodes) await node.register('here', node.name);
  await cluster.agree();
  return nodes;
}

test('a goodbye removes the entries of a node everywhere within 100 ms', async () => {
  const observers = await populate(['a', 'b', 'c']);
  const times: number[] = [];
  const host = await cluster.host();
  for (let i = 0; i < length(20, 5); i += 1) {
    const leaver = await cluster.join(`leaver-${i}`, { host });
    await leaver.register('leaving', i);
    await cluster.agree();
    const saidAt = await leaver.run(async ({ node }) => {
      const now = Date.now();
      await node.close();
      return now;
    });
    cluster.forget(leaver);
    await cluster.agree();
    for (const observer of observers) {
      const events = await observer.events();
      times.push(events.findLast(({ type, key }) => type === 'leave' && key === 'leaving')!.at - saidAt);
    }
  }
  figures.addTimes('goodbye until the leave event of a peer', times);
  expect(Math.max(...times)).toBeLessThan(timeLimit(100));
});

test('a node killed by kill -9 is suspected within 250 ms and removed within a second at the median, and no other node is removed', async () => {
  const observers = await populate(['a', 'b', 'c']);
  const churn = await Churn.start(cluster, 100);
  const suspected: number[] = [];
  const removed: number[] = [];
  const runs = length(20, 3);
  for (let i = 0; i < runs; i += 1) {
    const name = `victim-${i}`;
    const victim = await cluster.join(name);
    await victim.register('here', name);
    await victim.run(({ node }) => node.synced());
    await eventually(async () => {
      for (const observer of observers) expect(await observer.values('here')).toContain(name);
    });
    const killedAt = Date.now();
    await victim.crash();
    cluster.forget(victim);
    for (const observer of observers) {
      await eventually(async () => expect(await observer.peers()).not.toContain(name));
      const events = (await observer.peerEvents()).filter(({ node }) => node === name);
      suspected.push(events.find(({ type }) => type === 'peer-suspect')!.at - killedAt);
      removed.push(events.find(({ type }) => type === 'peer-removed')!.at - killedAt);
    }
  }
  figures.addTimes('kill -9 until a peer suspects', suspected);
  figures.addTimes('kill -9 until a peer removes', removed);
  await churn.stop();
  const { removals, fat } = await recoveryOf(cluster);
  expect(removals).toHaveLength(runs * observers.length);
  expect(removals.filter((removal) => !/removed victim-\d+: crash$/.test(removal))).toEqual([]);
  expect(fat).toEqual([]);
  expect(Math.max(...removed)).toBeLessThan(timeLimit(2000));
});

test('nobody removes a node that is stopped by SIGSTOP for five seconds, and after SIGCONT the node has every entry', async () => {
  const [, , sleeper] = await populate(['a', 'b', 'c']);
  const churn = await Churn.start(cluster);
  sleeper.process.kill('SIGSTOP');
  await during(length(5000, 3000));
  sleeper.process.kill('SIGCONT');
  await churn.stop();
  const recovery = await recoveryOf(cluster);
  figures.add('SIGSTOP, removals', String(recovery.removals.length));
  expect(recovery).toMatchObject(UNHARMED);
});

test.each(length([1000, 3000, 10_000], [3000]))(
  'no node is removed while an event loop is blocked for %d ms',
  async (ms) => {
    const [a, , sleeper] = await populate(['a', 'b', 'c']);
    const churn = await Churn.start(cluster);
    await sleeper.block(ms);
    await churn.stop();
    const recovery = await recoveryOf(cluster);
    figures.add(`event loop blocked for ${ms} ms, removals`, String(recovery.removals.length));
    expect(recovery).toMatchObject(UNHARMED);
    const suspicions = (await a.peerEvents()).filter(({ type }) => type === 'peer-suspect');
    figures.add(`event loop blocked for ${ms} ms, suspicions of one peer`, String(suspicions.length));
  },
);

test('30 nodes that join at once all see each other', async () => {
  const processes = length(30, 3);
  const hosts = await Promise.all(Array.from({ length: processes }, () => cluster.host()));
  const startedAt = performance.now();
  const nodes = await Promise.all(
    Array.from({ length: 30 }, async (_, i) => {
      // All processes want to run at once, so the first connection may take longer than the default allows.
      const node = await cluster.join(`node-${i}`, {
        host: hosts[i % processes],
        connectTimeoutMs: 60_000,
      });
      for (let entry = 0; entry < 10; entry += 1) await node.register(['of', i], entry);
      return node;
    }),
  );
  const joinedAfterMs = performance.now() - startedAt;
  const { agreedAfterMs, ...recovery } = await recoveryOf(cluster);
  figures.add('30 nodes joining at once, until all are connected', `${Math.round(joinedAfterMs)} ms`);
  figures.add(
    '30 nodes joining at once, from then on until all views are equal',
    `${Math.round(agreedAfterMs)} ms`,
  );
  expect(recovery).toEqual(UNHARMED);
  expect(agreedAfterMs).toBeLessThan(timeLimit(5000));
  expect((await nodes[0].view()).all).toHaveLength(300);
  expect(await nodes[29].peers()).toHaveLength(29);
  const megabytes = await Promise.all(nodes.map((node) => node.peakMegabytes()));
  figures.add(
    '30 nodes joining at once, most memory of a process',
    `${Math.round(Math.max(...megabytes))} MB`,
  );
});
