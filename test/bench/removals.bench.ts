import { verify, type Bench } from './support/bench';
import { NatsServer } from '../support/nats-server';
import { NodeProcess } from '../support/node-process';
import { natsTransport, type PgRegistryNode } from 'nestjs-pg-registry';
import { newNode } from './support/nodes';
import { watchingLoop } from './support/pair';

const PATIENCE_MS = 120_000;

/** The process of a node with very many entries is killed: how long the event loop of another node stands still meanwhile. */
export async function removals(bench: Bench): Promise<void> {
  const server = await NatsServer.start();
  try {
    await killed(bench, server, { keys: 'one', entries: bench.size(200_000, 5000) });
    await killed(bench, server, { keys: 'many', entries: bench.size(1_000_000, 5000) });
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

async function killed(
  bench: Bench,
  server: NatsServer,
  { keys, entries }: { readonly keys: 'one' | 'many'; readonly entries: number },
): Promise<void> {
  const stalls: number[] = [];
  for (let round = 0; round < bench.rounds(3, 1); round += 1) {
    const node = newNode({ node: 'here', transport: natsTransport({ servers: server.url }) });
    await node.connect();
    const owner = await NodeProcess.start('bench/support/peer-process.fixture.ts');
    await owner.ask('own', server.url, entries, keys);
    await counting(node, entries);
    let left = 0;
    const monitor = node
      .scope('pg')
      .monitorScope()
      .subscribe((event) => {
        if (event.type === 'leave') left += event.entries.length;
      });
    const { stallMs } = await bench.profiled('a node with many entries is killed', () =>
      watchingLoop(async () => {
        owner.kill('SIGKILL');
        await counting(node, 0);
      }),
    );
    verify(left === entries, `${entries} entries have left, not ${left}`);
    stalls.push(stallMs);
    monitor.unsubscribe();
    await owner[Symbol.asyncDispose]();
    await node.close();
  }
  bench.report({
    name:
      keys === 'one'
        ? 'a node with 200,000 members of one key is killed: longest stall of another'
        : 'a node with 1 M entries is killed: longest stall of another',
    unit: 'ms',
    values: stalls,
    limits: [{ of: 'value', atMost: 25 }],
  });
}

/** Waits until the scope has so many entries. */
async function counting(node: PgRegistryNode, entries: number): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (node.scope('pg').count() !== entries) {
    verify(performance.now() < until, `the scope has ${entries} entries in time`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
