import { natsTransport, type PgRegistryNode } from 'nestjs-pg-registry';
import { NatsServer } from '../support/nats-server';
import { type Bench, verify } from './support/bench';
import { newNode } from './support/nodes';
import { withPage } from './support/pages';
import { watchingLoop } from './support/pair';

const IN_FLIGHT = 64;
/** Long enough for several renewals. */
const HELD_MS = 8000;
const TTL_MS = 10_000;

/** Cluster names with a real JetStream: how fast keys go, what very many held ones cost, and how many requests one change takes. */
export async function names(bench: Bench): Promise<void> {
  const server = await NatsServer.start({ config: 'jetstream { store_dir: "DIR/jetstream" }' });
  try {
    await claims(bench, server);
    await manyHeld(bench, server, bench.size(100_000, 500));
    await manyWaiting(bench, server, bench.size(1000, 30));
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

async function start(server: NatsServer, node: string): Promise<PgRegistryNode> {
  const transport = natsTransport({ servers: server.url });
  const namespace = node.split('-')[0];
  const started = await withPage(newNode({ node, namespace, transport, names: { ttlMs: TTL_MS } }));
  await started.connect();
  return started;
}

/** Keys that are free, claimed and given back. */
async function claims(bench: Bench, server: NatsServer): Promise<void> {
  const node = await start(server, 'claims');
  const claim = async (key: string): Promise<number> => {
    const claimed = await node.names.claim(key);
    const { held } = claimed;
    await claimed.release();
    return Number(held);
  };
  const inLanes = (lanes: number) => async (times: number) => {
    let left = times;
    let done = 0;
    const lane = async (_: unknown, nth: number): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const right = await claim(`key-${nth}`);
        done += right;
      }
    };
    await Promise.all(Array.from({ length: Math.min(lanes, times) }, lane));
    return done;
  };
  await bench.rates({ name: `claim and release, ${IN_FLIGHT} in flight`, work: inLanes(IN_FLIGHT) });
  await bench.rates({ name: 'claim and release, one after the other', work: inLanes(1) });
  await node.close();
}

async function manyHeld(bench: Bench, server: NatsServer, count: number): Promise<void> {
  const node = await start(server, 'held');
  const before = heapAfterCollection();
  const from = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await node.names.claim(['held', next], { timeoutMs: 60_000 });
    }
  };
  await Promise.all(Array.from({ length: 256 }, lane));
  const seconds = (performance.now() - from) / 1000;
  const bytes = (heapAfterCollection() - before) / count;
  const { stallMs } = await watchingLoop(
    () => new Promise((resolve) => setTimeout(resolve, bench.size(HELD_MS, 100))),
  );
  const lags: number[] = [];
  for (let sample = 0; sample < 10; sample += 1) {
    await new Promise((resolve) => setTimeout(resolve, bench.size(HELD_MS, 100) / 10));
    const stats = node.names.stats();
    verify(stats.held === count, `${count} claims are held, not ${stats.held}`);
    lags.push(stats.renewalLagMs);
  }
  const held = `${count.toLocaleString('en')} claims`;
  bench.report({ name: `claiming ${held}, 256 in flight`, unit: '/s', values: [count / seconds] });
  bench.report({ name: `heap of each of ${held} held`, unit: 'B', values: [bytes] });
  bench.report({
    name: `holding ${held}: the latest renewal of the session`,
    unit: 'ms',
    values: [Math.max(...lags)],
    limits: [{ of: 'value', atMost: 250 }],
  });
  bench.report({
    name: `holding ${held}: longest stall of the event loop`,
    unit: 'ms',
    values: [stallMs],
    limits: [{ of: 'value', atMost: 50 }],
  });
  await node.close();
}

/** Calls that wait for one key on three nodes, each of which gives it on at once. */
async function manyWaiting(bench: Bench, server: NatsServer, waiters: number): Promise<void> {
  const nodes = await Promise.all(['waiting-a', 'waiting-b', 'waiting-c'].map((name) => start(server, name)));
  const first = await nodes[0].names.claim('one');
  let turns = 0;
  const wait = async ({ names: own }: PgRegistryNode): Promise<void> => {
    const claim = await own.claim('one', { timeoutMs: Infinity });
    claim.assertHeld();
    turns += 1;
    await claim.release();
  };
  const waits = Array.from({ length: waiters }, (_, nth) => wait(nodes[nth % nodes.length]));
  const waitingNow = (): number => nodes.reduce((sum, node) => sum + node.names.stats().waiting, 0);
  while (waitingNow() < waiters) await new Promise((resolve) => setTimeout(resolve, 5));
  const requests = (): number => nodes.reduce((sum, node) => sum + node.names.stats().storeRequests, 0);
  const requestsBefore = requests();
  const from = performance.now();
  await first.release();
  await Promise.all(waits);
  const ms = performance.now() - from;
  verify(turns === waiters, `${waiters} calls had the key, not ${turns}`);
  const what = `${waiters.toLocaleString('en')} calls on three nodes wait for one key`;
  bench.report({
    name: `${what}: store requests per change`,
    unit: 'requests',
    values: [(requests() - requestsBefore) / waiters],
    // The release, a read and a write of each node, and a second read of those that were too late.
    limits: [{ of: 'value', atMost: 9 }],
  });
  bench.report({ name: `${what}: changes`, unit: '/s', values: [(waiters / ms) * 1000] });
  await Promise.all(nodes.map((node) => node.close()));
}

function heapAfterCollection(): number {
  gc?.();
  return process.memoryUsage().heapUsed;
}
