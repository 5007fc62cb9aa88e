import { eventually } from '../support/eventually';
import { NatsServer } from '../support/nats-server';
import { NodeProcess } from '../support/node-process';
import { type Bench, verify } from './support/bench';
import type { Seen as SeenByCrowd } from './support/crowd.fixture';
import type { Seen, Usage } from './support/measured.fixture';
import type { CurvePoint } from './support/result';

/** Entries that a measured node registers at once. */
const ENTRIES = 1000;
/**
 * How long a suspicion may last. A crowd of a thousand nodes has one event loop, which takes a thousand writes for all of them before it
 * answers a probe. On a machine that does something else, too, that exceeds the second that an answer may take.
 */
const SUSPICION_MS = 30_000;

/** What a process used between two looks at it, per second. */
interface Idle {
  /** Milliseconds of processor time. */
  readonly cpu: number;
  /** Bytes, in and out. */
  readonly bytes: number;
}

/**
 * What peers cost a node: one that has nothing to do against a client of the broker that has nothing to do, and one that
 * writes, in small and large clusters. All clusters live at the same time on one broker, each in a namespace of its own, and
 * every round measures all of them at once.
 */
export async function peers(bench: Bench): Promise<void> {
  const server = await NatsServer.start();
  const client = await NodeProcess.start('bench/support/measured.fixture.ts');
  await client.ask('client', server.url);
  const sizes = bench.quick
    ? ([
        ['real', 2],
        ['simulated', 4],
      ] as const)
    : ([
        ['real', 2],
        ['real', 10],
        ['real', 50],
        ['simulated', 50],
        ['simulated', 200],
        // A brief run has no time for clusters that take a minute to start.
        ...(bench.brief
          ? []
          : ([
              ['simulated', 500],
              ['simulated', 1000],
            ] as const)),
      ] as const);
  const clusters = await Promise.all(sizes.map(([kind, nodes]) => Cluster.start(server, kind, nodes)));
  try {
    await idle(bench, clusters, client);
    for (const cluster of clusters) await writes(bench, cluster);
  } finally {
    for (const cluster of clusters) await cluster.stop();
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  }
}

/** One measured node in a process of its own, and its peers in another. */
class Cluster {
  private constructor(
    readonly kind: 'real' | 'simulated',
    readonly nodes: number,
    readonly measured: NodeProcess,
    readonly crowd: NodeProcess,
  ) {}

  static async start(server: NatsServer, kind: 'real' | 'simulated', nodes: number): Promise<Cluster> {
    const [measured, crowd] = await Promise.all([
      NodeProcess.start('bench/support/measured.fixture.ts'),
      NodeProcess.start('bench/support/crowd.fixture.ts'),
    ]);
    const cluster = new Cluster(kind, nodes, measured, crowd);
    await measured.ask('node', server.url, cluster.#namespace);
    await crowd.ask(kind, server.url, cluster.#namespace, nodes - 1);
    await eventually(() => cluster.#verify(0), { timeoutMs: 60_000 });
    return cluster;
  }

  get title(): string {
    return `${this.nodes.toLocaleString('en')} ${this.kind} nodes`;
  }

  get #namespace(): string {
    return `${this.kind}-${this.nodes}`;
  }

  /**
   * Everybody sees everybody, and the one entry of each node, and so many more of the measured one; and nobody was ever removed. Who is
   * suspected has some time to show that it lives.
   */
  async verify(own: number): Promise<void> {
    const { removals } = (await this.measured.ask('see')) as Seen;
    verify(removals === 0, `${this.title}: the measured one has removed ${removals} living peers`);
    await eventually(() => this.#verify(own), { timeoutMs: SUSPICION_MS });
  }

  async #verify(own: number): Promise<void> {
    const others = this.nodes - 1;
    const here = (await this.measured.ask('see')) as Seen;
    const title = `${this.title}: the measured one sees ${JSON.stringify(here)}`;
    verify(here.peers === others && here.suspects === 0 && here.entries === others + own, title);
    const there = (await this.crowd.ask('see', this.#namespace)) as SeenByCrowd;
    // Simulated ones know nobody but the measured node.
    const [known, entries] = this.kind === 'real' ? [others, others + own] : [1, 1 + own];
    verify(there.peers.get(known) === others, `${title}, and the others ${[...there.peers].join(' ')} peers`);
    verify(there.entries.get(entries) === others, `… and the others ${[...there.entries].join(' ')} entries`);
  }

  async stop(): Promise<void> {
    await this.measured[Symbol.asyncDispose]();
    await this.crowd[Symbol.asyncDispose]();
  }
}

async function idle(bench: Bench, clusters: readonly Cluster[], client: NodeProcess): Promise<void> {
  const watched = [client, ...clusters.map(({ measured }) => measured)];
  const found = watched.map((): Idle[] => []);
  // Hellos after a meeting, tails after the last write: over by then.
  await pause(bench.size(5000, 100));
  for (let round = 0; round < bench.rounds(7, 1); round += 1) {
    const before = await usages(watched);
    await pause(bench.size(4000, 300));
    const after = await usages(watched);
    for (const [index, { at, cpuMs, bytes }] of after.entries()) {
      const seconds = (at - before[index].at) / 1000;
      found[index].push({
        cpu: (cpuMs - before[index].cpuMs) / seconds,
        bytes: (bytes - before[index].bytes) / seconds,
      });
    }
  }
  for (const cluster of clusters) await cluster.verify(0);
  const [nothing, ...nodes] = found;
  for (const what of ['cpu', 'bytes'] as const) {
    const figures = (of: readonly Idle[]): number[] => of.map((each) => each[what]);
    const title = what === 'cpu' ? 'processor time' : 'traffic';
    const unit = what === 'cpu' ? 'ms/s' : 'B/s';
    for (const [index, cluster] of clusters.entries()) {
      bench.report({
        name: `idle among ${cluster.title}: ${title}, against an idle client`,
        unit,
        values: figures(nodes[index]),
        baselines: figures(nothing),
        ...drawn(cluster, `An idle node: ${title}`),
      });
    }
    const of = (kind: Cluster['kind'], size: number): number[] | undefined => {
      const index = clusters.findIndex((each) => each.kind === kind && each.nodes === size);
      return index === -1 ? undefined : figures(nodes[index]);
    };
    const [small, large, real] = [of('simulated', 50), of('simulated', 500), of('real', 50)];
    if (small === undefined || large === undefined || real === undefined) continue;
    bench.report({
      name: `idle: ${title} among 500 nodes, against 50`,
      unit,
      values: large,
      baselines: small,
      limits: [{ of: 'ratio', atMost: 1.5 }],
    });
    bench.report({
      name: `idle: ${title} among 50 simulated nodes, against 50 real ones`,
      unit,
      values: small,
      baselines: real,
    });
  }
}

async function writes(bench: Bench, cluster: Cluster): Promise<void> {
  const values: number[] = [];
  const warmUp = bench.size(4, 0);
  for (let round = 0; round < warmUp + bench.rounds(7, 1); round += 1) {
    const ms = (await cluster.measured.ask('write', ENTRIES)) as number;
    await cluster.verify(ENTRIES);
    await cluster.measured.ask('forget', ENTRIES);
    if (round >= warmUp) values.push(ms);
  }
  bench.report({
    name: `register ${ENTRIES.toLocaleString('en')} and replicated() among ${cluster.title}: processor time`,
    unit: 'ms',
    values,
    ...drawn(cluster, 'Writing 1,000 entries until they are everywhere'),
  });
}

/** A point of a curve: real nodes as far as they go, simulated ones from there. */
function drawn({ kind, nodes }: Cluster, curve: string): { point?: CurvePoint } {
  if (kind === 'simulated' && nodes <= 50) return {};
  return {
    point: { curve, along: 'nodes in the cluster', at: nodes, baseline: 'a client with nothing to do' },
  };
}

function usages(processes: readonly NodeProcess[]): Promise<Usage[]> {
  return Promise.all(processes.map(async (process) => (await process.ask('usage')) as Usage));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
