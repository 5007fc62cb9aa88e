/** Many nodes in one operating-system process: the rest of a cluster. */
import { connect } from 'nats';
import { natsTransport, type PgRegistryNode } from 'nestjs-pg-registry';
import { serve } from '../../support/fixture';
import { CrowdTransport } from './crowd-transport';
import { newNode } from './nodes';

/** So many real nodes at a time that neither broker nor event loop is swamped by their hellos. */
const AT_ONCE = 5;
/** By the protocol nobody hears more than one hello in this time, however many nodes there are. */
const HELLO_MS_PER_PEER = 50;
const HELLO_MS = 2000;
/** By the protocol each node is probed by so many others. */
const NEIGHBOURS = 3;
const NEVER_MS = 3_600_000;

const crowds = new Map<string, PgRegistryNode[]>();

serve({
  /** Starts so many real nodes, each with a connection of its own. */
  real: async (servers: string, namespace: string, size: number) => {
    const crowd = crowdOf(namespace);
    while (crowd.length < size) {
      const nodes = Array.from({ length: Math.min(AT_ONCE, size - crowd.length) }, (_, i) =>
        newNode({ node: `crowd-${crowd.length + i}`, namespace, transport: natsTransport({ servers }) }),
      );
      await Promise.all(nodes.map(enter));
      crowd.push(...nodes);
    }
  },
  /**
   * Starts so many simulated nodes: the library's own, on one connection, and they know only the node `measured`. They say
   * hello as often as they would in a cluster of their size, and no more of them probe the measured node than would there.
   */
  simulated: async (servers: string, namespace: string, size: number) => {
    const crowd = crowdOf(namespace);
    const client = await connect({ servers, noEcho: true });
    const transport = new CrowdTransport(client, 'measured');
    const helloIntervalMs = Math.max(HELLO_MS, size * HELLO_MS_PER_PEER);
    while (crowd.length < size) {
      const node = newNode({
        node: `crowd-${crowd.length}`,
        namespace,
        transport,
        helloIntervalMs,
        onlookerIntervalMs: NEVER_MS,
        ...(crowd.length >= NEIGHBOURS && { probeIntervalMs: NEVER_MS }),
      });
      await enter(node);
      crowd.push(node);
      // Evenly over the interval, as the hellos of a cluster come that has been there for a while.
      await new Promise((resolve) => setTimeout(resolve, HELLO_MS_PER_PEER));
    }
    await client.flush();
  },
  /** In how many of the nodes each number of peers, and of entries, is found. */
  see: (namespace: string): Seen => ({
    peers: tally(namespace, (node) => node.peers().length),
    entries: tally(namespace, (node) => node.scope('pg').count()),
  }),
  close: async () => {
    for (const crowd of crowds.values()) for (const node of crowd) await node.close();
  },
});

/** What the nodes of a crowd see: figure → by how many of them. */
export interface Seen {
  readonly peers: ReadonlyMap<number, number>;
  readonly entries: ReadonlyMap<number, number>;
}

/** Each node has one entry. */
async function enter(node: PgRegistryNode): Promise<void> {
  await node.connect();
  node.scope('pg').register('member', node.name);
}

function crowdOf(namespace: string): PgRegistryNode[] {
  const crowd: PgRegistryNode[] = [];
  crowds.set(namespace, crowd);
  return crowd;
}

function tally(namespace: string, figure: (node: PgRegistryNode) => number): Map<number, number> {
  const found = new Map<number, number>();
  for (const node of crowds.get(namespace)!) found.set(figure(node), (found.get(figure(node)) ?? 0) + 1);
  return found;
}
