import { NatsServer } from '../../support/nats-server';
import { NodeProcess } from '../../support/node-process';

const NAMES = ['ada', 'bob', 'cyd'] as const;

/** Three nodes, each an operating-system process with the page, behind a real nats-server. */
export class ObservedCluster {
  readonly nodes = new Map<string, NodeProcess>();
  readonly #urls = new Map<string, string>();
  readonly #server: NatsServer;

  private constructor(server: NatsServer) {
    this.#server = server;
  }

  static async start(): Promise<ObservedCluster> {
    const server = await NatsServer.start({ config: 'jetstream { store_dir: "DIR/jetstream" }' });
    const cluster = new ObservedCluster(server);
    await Promise.all(NAMES.map((name) => cluster.startNode(name)));
    return cluster;
  }

  async startNode(name: string): Promise<void> {
    const node = await NodeProcess.start('e2e/observer/observed.fixture.ts', {
      args: [this.#server.url, name],
    });
    this.nodes.set(name, node);
    this.#urls.set(name, (await node.ask('url')) as string);
  }

  /** Where a node serves the page. */
  url(name: string): string {
    return this.#urls.get(name)!;
  }

  /** Asks a node to do something. */
  async ask(name: string, command: string, ...args: readonly unknown[]): Promise<unknown> {
    return await this.nodes.get(name)!.ask(command, ...args);
  }

  async stop(): Promise<void> {
    await Promise.all(Array.from(this.nodes.values(), (node) => node[Symbol.asyncDispose]()));
    await this.#server[Symbol.asyncDispose]();
  }
}
