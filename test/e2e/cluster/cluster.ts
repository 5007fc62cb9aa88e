import { eventually } from '../../support/eventually';
import { NatsServer, type NatsServerOptions } from '../../support/nats-server';
import type { NodeProcess } from '../../support/node-process';
import { ClusterNode } from './cluster-node';
import type { NodeStart } from './remote-function';

/** Options of a node that joins; the others come from the cluster or are the library's defaults. */
export interface JoinOptions extends Partial<NodeStart> {
  /** The process to run in. Default: a process of its own. */
  readonly host?: NodeProcess;
  /** The network namespace of its own process. */
  readonly netns?: string;
}

/** A real nats-server with nodes in processes of their own around it. Everything ends with {@link Symbol.asyncDispose}. */
export class Cluster {
  /** The nodes that are expected to live; {@link forget} removes one that crashed or left. */
  readonly nodes = new Set<ClusterNode>();
  readonly #hosts = new Set<NodeProcess>();

  /** @param servers They end with the cluster. Nodes go to the first unless they say otherwise. */
  constructor(readonly servers: readonly NatsServer[]) {}

  /** @param size How many servers to start; more than one make a cluster of their own. */
  static async start(size = 1, options: NatsServerOptions = {}): Promise<Cluster> {
    const servers: NatsServer[] = [];
    while (servers.length < size) {
      servers.push(await NatsServer.start(size === 1 ? options : { ...options, cluster: [...servers] }));
    }
    return new Cluster(servers);
  }

  get server(): NatsServer {
    return this.servers[0];
  }

  /** Starts a process that nodes can share; it ends with the cluster. */
  async host(fixture?: string, netns?: string): Promise<NodeProcess> {
    const host = await ClusterNode.host(fixture, netns);
    this.#hosts.add(host);
    return host;
  }

  /** Starts a node. */
  async join(name: string, { host, netns, ...options }: JoinOptions = {}): Promise<ClusterNode> {
    const node = await ClusterNode.start(host ?? (await this.host(undefined, netns)), {
      servers: [this.server.url],
      node: name,
      ...options,
    });
    this.nodes.add(node);
    return node;
  }

  /** Starts several nodes at the same time, in the order of their names. */
  joinAll(names: readonly string[], options?: JoinOptions): Promise<ClusterNode[]> {
    return Promise.all(names.map((name) => this.join(name, options)));
  }

  /** Stops expecting that a node lives. */
  forget(node: ClusterNode): void {
    this.nodes.delete(node);
  }

  /**
   * Waits until every node sees the same: exactly the entries that their owners have, of the nodes that are expected to
   * live.
   *
   * @returns How long that took, in milliseconds.
   */
  async agree({ timeoutMs = 30_000, scope = 'pg' } = {}): Promise<number> {
    const start = performance.now();
    await eventually(async () => this.#checkAgreement(scope), { timeoutMs });
    return performance.now() - start;
  }

  /** Waits until every node has every other as a peer that it does not suspect. */
  async agreeOnPeers(): Promise<void> {
    const names = [...this.nodes].map(({ name }) => name).toSorted();
    for (const node of this.nodes) {
      const others = names.filter((name) => name !== node.name).join();
      await eventually(
        async () => (await node.peers()).join() === others && (await node.suspects()).length === 0,
      );
    }
  }

  /** Every removal of a peer that any of the nodes has seen, as `who removed whom: why`. */
  async removals(): Promise<string[]> {
    const all = await Promise.all(
      [...this.nodes].map(async (node) =>
        (await node.peerEvents()).flatMap((event) =>
          event.type === 'peer-removed' ? [`${node.name} removed ${event.node}: ${event.reason}`] : [],
        ),
      ),
    );
    return all.flat().toSorted();
  }

  async #checkAgreement(scope: string): Promise<void> {
    // Counts first: comparing whole views takes time that the nodes need to become equal.
    const counts = await Promise.all(
      [...this.nodes].map(async (node) => ({ name: node.name, ...(await node.counts(scope)) })),
    );
    const total = counts.reduce((sum, { own }) => sum + own, 0);
    const unlike = counts.find(({ all }) => all !== total);
    if (unlike !== undefined) throw new Error(`Node ${unlike.name} sees ${unlike.all} entries of ${total}.`);
    const views = await Promise.all(
      [...this.nodes].map(async (node) => ({ name: node.name, ...(await node.view(scope)) })),
    );
    const union = new Set(views.flatMap(({ own }) => own));
    for (const { name, all } of views) {
      const seen = new Set(all);
      const missing = [...union].filter((entry) => !seen.has(entry));
      const surplus = all.filter((entry) => !union.has(entry));
      if (missing.length + surplus.length === 0) continue;
      throw new Error(`Node ${name} misses ${list(missing)} and sees ${list(surplus)}, which nobody has.`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#hosts].map((host) => host[Symbol.asyncDispose]()));
    for (const server of this.servers) await server[Symbol.asyncDispose]();
  }
}

function list(entries: readonly string[]): string {
  return `${entries.length} entries (${entries.slice(0, 3).join('; ')})`;
}
