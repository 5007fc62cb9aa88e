import { connect } from 'nats';
import { natsTransport } from 'nestjs-pg-registry';
import { eventually } from '../support/eventually';
import { NatsServer } from '../support/nats-server';
import { NodeProcess } from '../support/node-process';
import { type Bench, verify } from './support/bench';
import { cpuTime } from './support/cpu-time';
import { newNode } from './support/nodes';

/** Those that a connection of the library's own has; it warns about weaker ones. */
const CLIENT_OPTIONS = {
  noEcho: true,
  maxReconnectAttempts: -1,
  pingInterval: 2000,
  maxPingOut: 2,
  timeout: 1000,
  reconnectTimeWait: 250,
};

interface Idle {
  /** Milliseconds of processor time per second. */
  readonly cpu: number;
  /** Bytes per second, in and out. */
  readonly bytes: number;
}

/** What a node costs that has nothing to do, in small and large clusters, against a client of the broker with nothing to do. */
export async function idle(bench: Bench): Promise<void> {
  const sizes = bench.quick ? [3] : [2, 10, 50, 200];
  const server = await NatsServer.start();
  const crowd = await NodeProcess.start('bench/support/crowd.fixture.ts');
  try {
    let before: Idle[] | undefined;
    for (const nodes of sizes) {
      const found = await measure(bench, server, crowd, nodes);
      for (const what of ['cpu', 'bytes'] as const) {
        const isLast = nodes === sizes.at(-1) && !bench.quick;
        bench.report({
          name: `idle in a cluster of ${nodes} nodes: ${what === 'cpu' ? 'processor time' : 'traffic'}`,
          unit: what === 'cpu' ? 'ms/s' : 'B/s',
          values: found.map((each) => each[what]),
          // The largest cluster against the one before: flat is 1.
          ...(isLast && {
            baselines: before!.map((each) => each[what]),
            limits: [{ of: 'ratio', atMost: 1.5 }],
          }),
          point: {
            curve: what === 'cpu' ? 'An idle node: processor time' : 'An idle node: traffic',
            along: 'nodes in the cluster',
            at: nodes,
          },
        });
      }
      before = found;
    }
  } finally {
    await crowd.ask('close');
    await crowd[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  }
}

async function measure(bench: Bench, server: NatsServer, crowd: NodeProcess, nodes: number): Promise<Idle[]> {
  const connection = await connect({ servers: server.url, ...CLIENT_OPTIONS });
  const node = newNode({ node: 'measured', transport: natsTransport({ connection }) });
  await node.connect();
  await crowd.ask('grow', server.url, nodes - 1);
  await eventually(() => node.peers().length === nodes - 1, { timeoutMs: 60_000 });
  await eventually(() => crowd.ask('see', nodes - 1), { timeoutMs: 60_000 });
  await eventually(() => node.scope('pg').count() === nodes - 1, { timeoutMs: 60_000 });
  // Hellos after a meeting, tails after the last write: over by then.
  await pause(bench.size(4000, 100));
  const found: Idle[] = [];
  for (let round = 0; round < bench.size(5, 1); round++) {
    const before = connection.stats();
    const cpu = cpuTime();
    const from = performance.now();
    await pause(bench.size(2000, 200));
    const seconds = (performance.now() - from) / 1000;
    const after = connection.stats();
    const bytes = after.inBytes + after.outBytes - before.inBytes - before.outBytes;
    found.push({ cpu: (cpuTime() - cpu) / seconds, bytes: bytes / seconds });
  }
  verify(node.peers().length === nodes - 1, 'everybody is still there');
  await node.close();
  await connection.close();
  return found;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
