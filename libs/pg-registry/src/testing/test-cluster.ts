import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { PgRegistryNode } from '../node';
import { InvalidArgumentError } from '../term';
import { localBus, localTransport } from '../transport/local';
import { differences, peerDifferences } from './convergence';
import { Network } from './network';
import {
  nodeNames,
  settingsFor,
  type TestClusterOptions,
  type TestNodeSettings,
} from './test-cluster-options';
import { TestNode } from './test-node';

const SETTLE_TIMEOUT_MS = 10_000;
const POLL_MS = 5;

/**
 * Starts whole Nest applications as nodes of one cluster inside this process, and resolves when they have met.
 *
 * @example
 * ```ts
 * import { createTestCluster, type TestCluster } from 'nestjs-pg-registry/testing';
 *
 * describe('jobs', () => {
 *   let cluster: TestCluster;
 *   beforeEach(async () => {
 *     cluster = await createTestCluster({ nodes: 3, modules: [JobsModule], options: { scopes: ['jobs'] } });
 *   });
 *   afterEach(() => cluster.close());
 *
 *   it('are forgotten when their node crashes', async () => {
 *     const [first, second] = cluster.nodes;
 *     first.registry('jobs').register('job-1');
 *     await cluster.settle();
 *     expect(second.registry('jobs').members('job-1')).toHaveLength(1);
 *
 *     cluster.crash(first);
 *     await cluster.settle();
 *     expect(second.registry('jobs').members('job-1')).toEqual([]);
 *     cluster.expectConverged();
 *   });
 * });
 * ```
 * @throws What an application throws that does not start; those that did are closed.
 */
export async function createTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const cluster = new TestCluster(options);
  try {
    const starts = await Promise.allSettled(nodeNames(options).map((name) => cluster.start(name)));
    for (const start of starts) if (start.status === 'rejected') throw start.reason;
    await cluster.settle();
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

/** Nest applications on one bus, and the faults that a test wants of it. Made by {@link createTestCluster}. */
export class TestCluster implements AsyncDisposable {
  readonly #options: TestClusterOptions;
  readonly #network = new Network(localBus());
  readonly #living = new Map<string, TestNode>();
  readonly #apps: INestApplicationContext[] = [];

  /** @internal Use {@link createTestCluster}. */
  constructor(options: TestClusterOptions) {
    this.#options = options;
  }

  /** The nodes that run, in the order of their start; crashed ones are not among them. */
  get nodes(): readonly TestNode[] {
    return [...this.#living.values()];
  }

  /** One of them. @throws InvalidArgumentError naming those there are. */
  node(name: string): TestNode {
    const node = this.#living.get(name);
    if (node !== undefined) return node;
    const names = [...this.#living.keys()].join(', ');
    throw new InvalidArgumentError(`No node '${name}' runs in this cluster; there are: ${names || 'none'}.`);
  }

  /**
   * Starts one more node, or one in the place of a crashed or closed one: a new incarnation of its name, with its own
   * application. It has connected; {@link settle} waits until it has met the others.
   *
   * @throws InvalidArgumentError if a node of that name runs; and what the application throws.
   */
  async start(name: string): Promise<TestNode> {
    if (this.#living.has(name))
      throw new InvalidArgumentError(`A node '${name}' runs in this cluster already.`);
    const settings = settingsFor(name, localTransport({ bus: this.#network.bus }), this.#options);
    this.#network.revive(name);
    try {
      const app = await (this.#options.application ?? applicationContext)(settings);
      this.#apps.push(app);
      await app.init();
      const node = new TestNode(name, app);
      this.#living.set(name, node);
      return node;
    } catch (error) {
      // Nest closes nothing of an application that does not start; its node may have connected.
      this.#network.crash(name);
      throw error;
    }
  }

  /** Shuts one application down in order, with all of Nest's hooks. */
  async stop(node: string | TestNode): Promise<void> {
    const { name, app } = this.#find(node);
    await app.close();
    this.#living.delete(name);
  }

  /**
   * Ends a node's connection without a word, as `kill -9` does: the others find out. Its application is not told, and is
   * closed with the cluster.
   */
  crash(node: string | TestNode): void {
    const { name } = this.#find(node);
    this.#living.delete(name);
    this.#network.crash(name);
  }

  /** Nothing passes between two nodes any more, in both directions, until {@link heal}. */
  cut(a: string | TestNode, b: string | TestNode): void {
    this.#network.cut(this.#find(a).name, this.#find(b).name);
  }

  /** Ends one cut, or all of them. */
  heal(a?: string | TestNode, b?: string | TestNode): void {
    if (a === undefined || b === undefined) this.#network.heal();
    else this.#network.heal(nameOf(a), nameOf(b));
  }

  /** Takes a node's way to the others until {@link reconnect}: it knows, and what it says is lost. */
  disconnect(node: string | TestNode): void {
    this.#network.disconnect(this.#find(node).name);
  }

  /** Ends {@link disconnect}. */
  reconnect(node: string | TestNode): void {
    this.#network.reconnect(nameOf(node));
  }

  /** Everything from and to a node waits, as if its process were stopped, until {@link resume}. Its timers go on. */
  pause(node: string | TestNode): void {
    this.#network.pause(this.#find(node).name);
  }

  /** Ends {@link pause}: what waited goes on its way. */
  resume(node: string | TestNode): void {
    this.#network.resume(nameOf(node));
  }

  /** Loses this share of all messages from now on, the same ones for the same seed and history. A rate of 0 ends it. */
  lose(loss: { readonly rate: number; readonly seed: number }): void {
    this.#network.bus.lose(loss);
  }

  /**
   * Resolves when the views match the network: nodes that can talk see each other, unsuspected, and each has applied what
   * every other has written; nodes that cannot, because of a crash, a cut or a pause, have removed each other (after
   * `peerTimeoutMs`, in a test cluster 2 s by default; a disconnected one the others after `isolationTimeoutMs`, 5 s). Not while somebody goes on writing.
   *
   * @param options How long it may take.
   * @param options.timeoutMs Default 10,000.
   * @throws Error listing what still differs.
   */
  async settle({ timeoutMs = SETTLE_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    // Each step is of use only after the one before.
    /* oxlint-disable no-await-in-loop */
    while (!(await this.#isSettled())) {
      if (performance.now() > deadline)
        throw new Error(`The cluster did not settle within ${timeoutMs} ms.\n${this.#report()}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    /* oxlint-enable no-await-in-loop */
  }

  /**
   * Checks that the views match the network at this moment, as {@link settle} does.
   *
   * @throws Error listing what differs: node by node, scope by scope, key by key.
   */
  expectConverged(): void {
    const report = this.#report();
    if (report !== '') throw new Error(`The cluster has not converged.\n${report}`);
  }

  /** Ends every fault and closes every application, crashed ones included. Idempotent. */
  async close(): Promise<void> {
    this.#network.calm();
    this.#living.clear();
    await Promise.all(this.#apps.splice(0).map((app) => app.close()));
  }

  /** Closes the cluster at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #isSettled(): Promise<boolean> {
    const nodes = this.#nodes();
    const [unseen] = peerDifferences(nodes, this.#network);
    if (unseen !== undefined) return false;
    const scopes = nodes.flatMap((node) =>
      Object.keys(node.stats().scopes).map((scope) => node.scope(scope)),
    );
    try {
      await Promise.all(scopes.map((scope) => scope.replicated({ timeoutMs: SETTLE_TIMEOUT_MS })));
    } catch {
      // A peer or a scope went meanwhile: looked at again.
      return false;
    }
    return this.#report() === '';
  }

  #report(): string {
    return differences(this.#nodes(), this.#network).join('\n');
  }

  #nodes(): readonly PgRegistryNode[] {
    return this.nodes.map(({ node }) => node);
  }

  #find(node: string | TestNode): TestNode {
    return this.node(nameOf(node));
  }
}

function nameOf(node: string | TestNode): string {
  return typeof node === 'string' ? node : node.name;
}

function applicationContext({ root }: TestNodeSettings): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(root, { logger: ['error'], abortOnError: false });
}
