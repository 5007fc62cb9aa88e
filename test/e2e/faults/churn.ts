import type { Cluster } from '../cluster/cluster';
import type { ClusterNode } from '../cluster/cluster-node';

/** Makes every node of a cluster write all the time: it registers, updates and unregisters at random. */
export class Churn {
  readonly #nodes: readonly ClusterNode[];

  private constructor(nodes: readonly ClusterNode[]) {
    this.#nodes = nodes;
  }

  /** @param perSecond Operations a second, of all nodes together. */
  static async start(cluster: Cluster, perSecond = 200): Promise<Churn> {
    const nodes = [...cluster.nodes];
    await Promise.all(nodes.map((node) => churn(node, perSecond / nodes.length)));
    return new Churn(nodes);
  }

  /** Stops the writes on the nodes that still live. */
  async stop(): Promise<void> {
    await Promise.all(
      this.#nodes.map((node) =>
        // A node that was killed meanwhile has stopped already.
        node.run(({ kept }) => clearInterval(kept.get('churn') as NodeJS.Timeout)).catch(() => undefined),
      ),
    );
  }
}

function churn(node: ClusterNode, perSecond: number): Promise<void> {
  return node.run(({ node: here, kept }, rate) => {
    const TICK_MS = 20;
    const MAX_ENTRIES = 100;
    const registry = here.scope('pg');
    const entries: { update(value: number): void; unregister(): void }[] = [];
    let owed = 0;
    let done = 0;
    const write = (): void => {
      const any = Math.floor(Math.random() * entries.length);
      const grow = entries.length < MAX_ENTRIES / 2 || (entries.length < MAX_ENTRIES && done % 3 === 0);
      if (grow) entries.push(registry.register(['churn', done % 10], done));
      else if (done % 3 === 1) entries.splice(any, 1)[0].unregister();
      else entries[any].update(done);
      done += 1;
    };
    const timer = setInterval(() => {
      for (owed += (rate * TICK_MS) / 1000; owed >= 1; owed -= 1) write();
    }, TICK_MS);
    kept.set('churn', timer);
  }, perSecond);
}
