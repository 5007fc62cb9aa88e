import { connect } from 'nats';
import { eventually } from '../../support/eventually';
import { Cluster } from './cluster';
import type { ClusterNode } from './cluster-node';

const FIRST_EDITION = 'e2e/cluster/first-edition.fixture.ts';

let cluster: Cluster;
afterEach(() => cluster[Symbol.asyncDispose]());

/** Gives a node a process that echoes calls and keeps casts, under a key of its own. */
function open(node: ClusterNode): Promise<void> {
  return node.run(({ node: here, kept }) => {
    const casts: unknown[] = [];
    kept.set('casts', casts);
    const handlers = {
      call: (_: string, payload: unknown) => payload,
      cast: (_: string, payload: unknown) => void casts.push(payload),
      message: () => undefined,
    };
    const process = here.processes.mount({ label: 'echo', handlers, serial: false });
    here.scope('pg').join(`echo ${here.name}`, process.pid);
  });
}

/** Calls, casts and monitors from one node to another. */
async function talk(from: ClusterNode, to: ClusterNode): Promise<void> {
  const key = `echo ${to.name}`;
  const answers = await from.run(async ({ node, library: { via } }, name) => {
    const asked = Array.from({ length: 100 }, (_, i) => node.processes.call(via('pg', name), 'echo', i));
    for (let i = 0; i < 20; i += 1) node.processes.cast(via('pg', name), 'note', i);
    return await Promise.all(asked);
  }, key);
  expect(answers).toEqual(Array.from({ length: 100 }, (_, i) => i));
  await eventually(async () =>
    expect(await to.run(({ kept }) => kept.get('casts'))).toEqual(Array.from({ length: 20 }, (_, i) => i)),
  );
}

test('nodes of both versions of the protocol replicate and call each other over a broker while a cluster is upgraded', async () => {
  cluster = await Cluster.start();
  const old = await cluster.join('old', { host: await cluster.host(FIRST_EDITION) });
  const [b, c] = await cluster.joinAll(['b', 'c']);
  const nodes = [old, b, c];
  for (const node of nodes) await open(node);
  await cluster.agree();
  await cluster.agreeOnPeers();
  for (const [from, to] of [
    [old, b],
    [b, old],
    [b, c],
  ] as const) {
    // prettier-ignore
    await to.run(({ kept }) => void (kept.get('casts') as unknown[]).splice(0));
    await talk(from, to);
  }
  for (const node of nodes) {
    await node.register('shared', node.name);
    expect(await node.counter('malformed-frame')).toBe(0);
  }
  await cluster.agree();
  await b.run(({ node }) => node.scope('pg').replicated());
  expect(await cluster.removals()).toEqual([]);
});

test('calls work, and a node that is killed is removed, while a JetStream stream keeps all subjects', async () => {
  cluster = await Cluster.start(1, { config: 'jetstream: enabled' });
  const host = await cluster.host();
  const a = await cluster.join('a', { peerTimeoutMs: 3000 });
  const b = await cluster.join('b', { host, peerTimeoutMs: 3000 });
  await open(b);
  await cluster.agree();
  const client = await connect({ servers: cluster.server.url });
  await (await client.jetstreamManager()).streams.add({ name: 'AUDIT', subjects: ['pgr.>'] });
  await client.close();
  await talk(a, b);
  host.kill('SIGKILL');
  cluster.forget(b);
  await eventually(async () => expect(await a.peers()).toEqual([]), { timeoutMs: 15_000 });
});
