import type { PgRegistryNode } from 'nestjs-pg-registry';
import { type Bench, verify } from './support/bench';
import { Pair, watchingLoop } from './support/pair';
import { quantile } from './support/statistics';

/** How many entries are registered in one turn of the event loop. */
const PER_TURN = 1000;
/** What one entry of these benchmarks takes on the wire, measured by counting what the client sent. */
const BYTES_PER_ENTRY = 24;

/** From one operating-system process to another, through a real nats-server. */
export async function replication(bench: Bench): Promise<void> {
  const pair = await Pair.start();
  try {
    await newEntries(bench, pair);
    await lateSync(bench, pair);
    await latency(bench, pair);
  } finally {
    await pair.stop();
  }
}

async function newEntries(bench: Bench, pair: Pair): Promise<void> {
  const entries = bench.size(200_000, 2000);
  const ours: number[] = [];
  const raw: number[] = [];
  for (let round = bench.quick ? 0 : -1; round < bench.rounds(5, 1); round += 1) {
    await bench.turn();
    const node = await pair.node();
    await node.connect();
    await pair.join();
    const registry = node.scope('pg');
    const from = performance.now();
    await bench.profiled('replicate new entries: the side that registers', async () => {
      await register(node, entries);
      await registry.replicated({ timeoutMs: 60_000 });
    });
    const took = performance.now() - from;
    verify((await pair.other.ask('count')) === entries, 'every entry has arrived');
    const rawTook = await pair.rawTransfer(entries * BYTES_PER_ENTRY);
    await pair.other.ask('leave');
    await node.close();
    if (round < 0) continue;
    ours.push((entries / took) * 1000);
    raw.push((entries / rawTook) * 1000);
  }
  bench.report({
    name: 'replicate 200,000 new entries',
    unit: 'entries/s',
    values: ours,
    baselines: raw,
    limits: [{ of: 'value', atLeast: 300_000 }],
  });
}

async function lateSync(bench: Bench, pair: Pair): Promise<void> {
  const entries = bench.size(1_000_000, 2000);
  const node = await pair.node();
  await register(node, entries);
  await node.connect();
  const seconds: number[] = [];
  const raw: number[] = [];
  const stalls: number[] = [];
  for (let round = 0; round < bench.rounds(5, 1); round += 1) {
    await bench.turn();
    const { result, stallMs } = await bench.profiled('a late node syncs: the side that has the entries', () =>
      watchingLoop(() => pair.join()),
    );
    verify(result.entries === entries, `${entries} entries have arrived, not ${result.entries}`);
    const rawTook = await pair.rawTransfer(entries * BYTES_PER_ENTRY);
    await pair.other.ask('leave');
    seconds.push(result.ms / 1000);
    raw.push(rawTook / 1000);
    stalls.push(Math.max(stallMs, result.stallMs));
  }
  await node.close();
  bench.report({
    name: 'a late node syncs 1 M entries',
    unit: 's',
    values: seconds,
    baselines: raw,
    limits: [{ of: 'value', atMost: 3 }],
  });
  bench.report({
    name: 'longest stall of either event loop meanwhile',
    unit: 'ms',
    values: stalls,
    limits: [{ of: 'value', atMost: 25 }],
  });
}

async function register(node: PgRegistryNode, entries: number): Promise<void> {
  const registry = node.scope('pg');
  const pids = Array.from({ length: Math.ceil(entries / 100) }, () => node.processes.spawn().pid);
  for (let i = 0; i < entries; i += 1) {
    registry.join(`key:${i}`, pids[i % pids.length], i);
    if (i % PER_TURN === PER_TURN - 1) await new Promise(setImmediate);
  }
}

/** There and back again, so that one clock measures it; half of it is one way. */
async function latency(bench: Bench, pair: Pair): Promise<void> {
  const node = await pair.node();
  await node.connect();
  await pair.join();
  await pair.other.ask('pong');
  const registry = node.scope('pg');
  let heard: (key: unknown) => void = () => undefined;
  const monitor = registry.monitorScope().subscribe((event) => {
    if (event.type === 'join') heard(event.key);
  });
  let number = 0;
  const there = async (): Promise<number> => {
    const expected = `pong:${number + 1}`;
    const answer = new Promise<void>((resolve) => {
      heard = (key) => key === expected && resolve();
    });
    const from = performance.now();
    registry.register(`ping:${(number += 1)}`, null);
    await answer;
    return (performance.now() - from) * 500;
  };
  let echoed: () => void = () => undefined;
  pair.bare.subscribe('bench.pong', { callback: () => echoed() });
  const raw = async (): Promise<number> => {
    const answer = new Promise<void>((resolve) => (echoed = resolve));
    const from = performance.now();
    pair.bare.publish('bench.ping', new Uint8Array(40));
    await answer;
    return (performance.now() - from) * 500;
  };
  // Until the code of both ends is compiled.
  for (let round = 0; round < bench.size(10_000, 1); round += 1) {
    await there();
    await raw();
  }
  for (const load of ['idle', '1,000 other writes/s'] as const) {
    const stop = load === 'idle' ? () => undefined : keepWriting(node, 1000);
    const batches: Batch[] = [];
    for (let batch = 0; batch < bench.rounds(5, 1); batch += 1) {
      await bench.turn();
      const ours: number[] = [];
      const baselines: number[] = [];
      for (let round = 0; round < bench.size(200, 3); round += 1) {
        ours.push(await quietly(there));
        baselines.push(await quietly(raw));
      }
      batches.push({ ours, baselines });
    }
    stop();
    reportLatency(bench, load, batches);
  }
  monitor.unsubscribe();
  await pair.other.ask('leave');
  await node.close();
}

interface Batch {
  readonly ours: readonly number[];
  readonly baselines: readonly number[];
}

function reportLatency(bench: Bench, load: string, batches: readonly Batch[]): void {
  bench.report({
    name: `registration here → event there, ${load}, p50`,
    unit: 'µs',
    values: batches.flatMap(({ ours }) => ours),
    baselines: batches.flatMap(({ baselines }) => baselines),
    limits: [{ of: 'ratio', atMost: 1.3 }],
  });
  bench.report({
    name: `registration here → event there, ${load}, p99`,
    unit: 'µs',
    values: batches.map(({ ours }) => quantile(ours, 0.99)),
    baselines: batches.map(({ baselines }) => quantile(baselines, 0.99)),
    limits: [{ of: 'ratio', atMost: 2 }],
  });
}

/** Writes so often in a second, in the scope that is measured. @returns What stops it */
function keepWriting(node: PgRegistryNode, perSecond: number): () => void {
  const registry = node.scope('pg');
  const { pid } = node.processes.spawn();
  const from = performance.now();
  let writes = 0;
  const timer = setInterval(() => {
    for (const due = ((performance.now() - from) / 1000) * perSecond; writes < due; writes += 2) {
      registry.join('busy', pid, writes);
      registry.leave('busy', pid);
    }
  }, 1);
  return () => clearInterval(timer);
}

/** After a pause, so that nothing is under way. */
async function quietly(measure: () => Promise<number>): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 8));
  return measure();
}
