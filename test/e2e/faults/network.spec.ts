import { setTimeout as during } from 'node:timers/promises';
import { eventually } from '../../support/eventually';
import { timeLimit } from '../../support/time-limit';
import { NatsServer } from '../../support/nats-server';
import { Network } from '../../support/network';
import { Cluster } from '../cluster/cluster';
import { recoveryOf } from './recovery';
import { Churn } from './churn';
import { Figures } from './figures';
import { FULL, length } from './length';

jest.setTimeout(180_000);

/** Shorter than clients take to give up a connection, or twice as long as nodes take to remove silent peers. */
const CUT_MS = length(30_000, 3000);
const HEALED_WITHIN_MS = timeLimit(2000);

const ROUTE_MADE = 'Route connection created';

const figures = new Figures();
afterAll(() => figures.print());

/** Runs `test` with a second host, or logs why it cannot create one. */
async function withSecondHost(test: (network: Network) => Promise<void>): Promise<void> {
  const network = Network.create();
  if (typeof network === 'string') return console.log(network);
  try {
    await test(network);
  } finally {
    network.remove();
  }
}

/** Four nodes, two on each side, that know each other and write all the time. */
async function join(cluster: Cluster, network: Network, farServer: NatsServer): Promise<Churn> {
  await Promise.all([
    cluster.join('near-1'),
    cluster.join('near-2'),
    cluster.join('far-1', { netns: network.netns, servers: [farServer.url] }),
    cluster.join('far-2', { netns: network.netns, servers: [farServer.url] }),
  ]);
  for (const node of cluster.nodes) await node.register('here', node.name);
  await cluster.agreeOnPeers();
  await cluster.agree();
  return Churn.start(cluster);
}

test('all views are equal again, with exact events, after the network between nodes and their server was cut', () =>
  withSecondHost(async (network) => {
    const server = await NatsServer.start({ host: network.here });
    const cluster = new Cluster([server]);
    try {
      const churn = await join(cluster, network, server);
      network.cut();
      await during(CUT_MS);
      await churn.stop();
      network.mend();
      const { agreedAfterMs, removals, fat } = await recoveryOf(cluster);
      figures.add(
        `client and server cut for ${CUT_MS} ms, until all views are equal`,
        `${Math.round(agreedAfterMs)} ms`,
      );
      expect(fat).toEqual([]);
      // Connected nodes remove the others within a cut of 30 s; the disconnected ones remove nobody.
      const expected = ['near-1', 'near-2'].flatMap((who) =>
        ['far-1', 'far-2'].map((whom) => `${who} removed ${whom}`),
      );
      expect(removals.map((removal) => removal.replace(/: (crash|silence)$/, ''))).toEqual(
        FULL ? expected : [],
      );
      expect(agreedAfterMs).toBeLessThan(HEALED_WITHIN_MS);
    } finally {
      await cluster[Symbol.asyncDispose]();
    }
  }));

test('all views are equal again, with exact events, after the route between two servers was cut', () =>
  withSecondHost(async (network) => {
    // Servers notice a dead route by their pings; the default is two minutes.
    const config = 'ping_interval: "1s", ping_max: 2';
    const near = await NatsServer.start({ host: network.here, cluster: [], config });
    const far = await NatsServer.start({
      host: network.there,
      netns: network.netns,
      cluster: [near],
      config,
    });
    const cluster = new Cluster([near, far]);
    try {
      const churn = await join(cluster, network, far);
      network.cut();
      await during(CUT_MS);
      await churn.stop();
      const routes = near.log.split(ROUTE_MADE).length;
      network.mend();
      // Counted from the return of the route. A short cut may not have ended it.
      const returned = () => near.log.split(ROUTE_MADE).length > routes;
      if (FULL) await eventually(returned, { timeoutMs: 30_000 });
      const { agreedAfterMs, fat } = await recoveryOf(cluster);
      figures.add(
        `servers cut for ${CUT_MS} ms, from the route's return until all views are equal`,
        `${Math.round(agreedAfterMs)} ms`,
      );
      expect(fat).toEqual([]);
      expect(agreedAfterMs).toBeLessThan(HEALED_WITHIN_MS);
    } finally {
      await cluster[Symbol.asyncDispose]();
    }
  }));
