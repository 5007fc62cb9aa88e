import { Test } from '@nestjs/testing';
import { type NodeOptions, PgRegistryModule, PgRegistryNode, type Transport } from 'nestjs-pg-registry';
import { TestCluster, type TestNodeSettings } from 'nestjs-pg-registry/testing';
import { type Cluster, FAST_LIVENESS, SETTLE_TIMEOUT_MS, type BeforeConnect } from './cluster';
import { logTo } from './node';

interface StartOptions {
  readonly options: NodeOptions;
  readonly before: BeforeConnect;
}

/** Whole applications on one bus in this process, by the library's own TestCluster. A cut loses messages silently: probes time out. */
export class LocalCluster implements Cluster {
  readonly log: string[] = [];
  readonly namespace = 'conformance';
  readonly #starts = new Map<string, StartOptions>();
  #transport: Transport | undefined;
  readonly #cluster = new TestCluster({ application: (settings) => this.#application(settings) });

  async start(
    name: string,
    options: NodeOptions = {},
    before: BeforeConnect = () => undefined,
  ): Promise<PgRegistryNode> {
    this.#starts.set(name, { options, before });
    return (await this.#cluster.start(name)).node;
  }

  stranger(): Promise<Transport> {
    return Promise.resolve(this.#transport!);
  }

  stop(node: PgRegistryNode): Promise<void> {
    return this.#cluster.stop(node.name);
  }

  crash(node: PgRegistryNode): void {
    this.#cluster.crash(node.name);
  }

  cut(node: PgRegistryNode): void {
    for (const { name } of this.#cluster.nodes) if (name !== node.name) this.#cluster.cut(node.name, name);
  }

  heal(node: PgRegistryNode): void {
    for (const { name } of this.#cluster.nodes) if (name !== node.name) this.#cluster.heal(node.name, name);
  }

  settle(): Promise<void> {
    return this.#cluster.settle({ timeoutMs: SETTLE_TIMEOUT_MS });
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }

  async #application({ node, options }: TestNodeSettings) {
    const start = this.#starts.get(node)!;
    this.#transport = options.transport;
    const root = PgRegistryModule.forRoot({
      ...options,
      ...FAST_LIVENESS,
      namespace: this.namespace,
      ...start.options,
    });
    const app = await Test.createTestingModule({ imports: [root] })
      .setLogger(logTo(this.log))
      .compile();
    start.before(app.get(PgRegistryNode, { strict: false }));
    return app;
  }
}
