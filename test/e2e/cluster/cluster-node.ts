import { NodeProcess } from '../../support/node-process';
import type { RecordedEvent, RecordedPeerEvent, View } from './event-log';
import type { NodeStart, RemoteFunction } from './remote-function';

const FIXTURE = 'e2e/cluster/node.fixture.ts';

/** A node of the cluster in an operating-system process of its own, and what a test can do with it. */
export class ClusterNode {
  private constructor(
    readonly name: string,
    readonly incarnation: string,
    /** The process that it runs in; several nodes may share one. */
    readonly process: NodeProcess,
  ) {}

  /** Starts a process for nodes. */
  static host(fixture: string = FIXTURE, netns?: string): Promise<NodeProcess> {
    return NodeProcess.start(fixture, { netns });
  }

  /** Starts a node in a process, and waits until it is connected. */
  static async start(host: NodeProcess, options: NodeStart): Promise<ClusterNode> {
    return new ClusterNode(options.node, (await host.ask('start', options)) as string, host);
  }

  /**
   * Runs a function of the test in the node's process, and resolves with its result. The function is sent as text: it
   * can use its arguments and globals, but nothing of the test around it.
   */
  async run<R, A = undefined>(
    fn: RemoteFunction<A, R>,
    ...[argument]: A extends undefined ? [] : [A]
  ): Promise<R> {
    return (await this.process.ask('run', this.name, fn.toString(), argument)) as R;
  }

  /** Registers the node's root process. */
  async register(key: unknown, value: unknown = null, scope = 'pg'): Promise<void> {
    await this.run(({ node }, [to, k, v]) => void node.scope(to).register(k as never, v as never), [
      scope,
      key,
      value,
    ] as const);
  }

  /** Texts of all entries in a scope; see EventLog. */
  view(scope = 'pg'): Promise<View> {
    return this.run(({ eventLog }, of) => eventLog.view(of), scope);
  }

  /** How many entries it sees in a scope, and how many of them are its own. */
  counts(scope = 'pg'): Promise<{ all: number; own: number }> {
    return this.run(({ node }, of) => {
      const registry = node.scope(of);
      return { all: registry.count(), own: registry.countLocal() };
    }, scope);
  }

  /** The values under a key, in lookup order. */
  values<V = string>(key: unknown, scope = 'pg'): Promise<V[]> {
    return this.run(
      ({ node }, [of, k]) =>
        node
          .scope(of)
          .lookup(k as never)
          .map(({ value }) => value as V),
      [scope, key] as const,
    );
  }

  /** Every event of its scopes so far. */
  events(): Promise<RecordedEvent[]> {
    return this.run(({ eventLog }) => eventLog.events);
  }

  /** Every event of its peers so far. */
  peerEvents(): Promise<RecordedPeerEvent[]> {
    return this.run(({ eventLog }) => eventLog.peerEvents);
  }

  /** The names of its peers, suspects included. */
  peers(): Promise<string[]> {
    return this.run(({ node }) =>
      node
        .peers()
        .map((peer) => peer.node)
        .toSorted(),
    );
  }

  /** The names of the peers that it suspects. */
  suspects(): Promise<string[]> {
    return this.run(({ node }) =>
      node.peers().flatMap((peer) => (peer.suspect === false ? [] : [peer.node])),
    );
  }

  log(): Promise<readonly string[]> {
    return this.run(({ log }) => log);
  }

  /** What the protocol has counted under a name. */
  counter(name: string): Promise<number> {
    return this.run(({ node }, of) => node.stats().protocol.counters[of] ?? 0, name);
  }

  /** The most memory that its process ever held, in megabytes. */
  peakMegabytes(): Promise<number> {
    return this.run(() => process.resourceUsage().maxRSS / 1024);
  }

  /** Blocks the event loop of its process, as a long computation would. */
  block(ms: number): Promise<void> {
    return this.run((_, during) => {
      const end = performance.now() + during;
      while (performance.now() < end);
    }, ms);
  }

  /** Leaves in order: drain, goodbye. */
  async leave(): Promise<void> {
    await this.run(async ({ node }) => {
      await node.drain();
      await node.close();
    });
  }

  /**
   * Leaves in order, with all nodes of its process.
   *
   * @returns How long the process lived on, in milliseconds, until it ended by itself.
   */
  async end(): Promise<number> {
    await this.process.ask('end');
    const from = performance.now();
    const { code, signal } = await this.process.exited;
    if (code !== 0) throw new Error(`The process of ${this.name} ended by ${signal ?? `code ${code}`}.`);
    return performance.now() - from;
  }

  /** Kills its process. */
  async crash(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.exited;
  }
}
