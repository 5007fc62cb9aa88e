import { NatsServer } from '../../support/nats-server';
import { NodeProcess } from '../../support/node-process';

/** How to start a cluster. */
export interface ObservedClusterOptions {
  /** The names of the nodes. Default: ada, bob and cyd. */
  readonly names?: readonly string[];
  /** What the page's guard wants as a bearer token. Default: the page is open. */
  readonly token?: string;
}

/** Nodes with the page, each an operating-system process, behind a real nats-server. */
export class ObservedCluster {
  readonly nodes = new Map<string, NodeProcess>();
  readonly #urls = new Map<string, string>();
  readonly #server: NatsServer;

  readonly #token: string;

  private constructor(server: NatsServer, token: string) {
    this.#server = server;
    this.#token = token;
  }

  static async start({
    names = ['ada', 'bob', 'cyd'],
    token = '',
  }: ObservedClusterOptions = {}): Promise<ObservedCluster> {
    const server = await NatsServer.start({ config: 'jetstream { store_dir: "DIR/jetstream" }' });
    const cluster = new ObservedCluster(server, token);
    await Promise.all(names.map((name) => cluster.startNode(name)));
    return cluster;
  }

  async startNode(name: string): Promise<void> {
    const node = await NodeProcess.start('e2e/observer/observed.fixture.ts', {
      args: [this.#server.url, name, this.#token],
    });
    this.nodes.set(name, node);
    this.#urls.set(name, (await node.ask('url')) as string);
  }

  /** Where the broker is. */
  get broker(): string {
    return this.#server.url;
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
