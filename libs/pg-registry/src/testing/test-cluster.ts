import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { PgRegistryNode } from '../node';
import { InvalidArgumentError, OptionChecks } from '../term';
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
const SETTLE_CHECKS: OptionChecks = new OptionChecks('Nothing was awaited.', 'settle()');
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
 *   it('jobs are forgotten when their node crashes', async () => {
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
 * @throws The error of an application that does not start. The other applications are closed.
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

/** Runs Nest applications on one bus, and causes the faults that a test needs. Made by {@link createTestCluster}. */
export class TestCluster implements AsyncDisposable {
  readonly #options: TestClusterOptions;
  readonly #network = new Network(localBus());
  readonly #living = new Map<string, TestNode>();
  /** The names of all nodes, in the order in which their starts began: which of several that start at once is ready first is chance. */
  readonly #order = new Set<string>();
  readonly #apps: INestApplicationContext[] = [];

  /** @internal Use {@link createTestCluster}. */
  constructor(options: TestClusterOptions) {
    this.#options = options;
  }

  /** The running nodes, in the order of the names in the options and then of their start, without crashed ones. */
  get nodes(): readonly TestNode[] {
    return [...this.#order].flatMap((name) => this.#living.get(name) ?? []);
  }

  /** Returns a running node. @throws InvalidArgumentError naming the running nodes if this one is not among them. */
  node(name: string): TestNode {
    const node = this.#living.get(name);
    if (node !== undefined) return node;
    const names = [...this.#living.keys()].join(', ');
    throw new InvalidArgumentError(
      `No node '${name}' runs in this cluster. Running nodes: ${names || 'none'}.`,
    );
  }

  /**
   * Starts another node, with an application of its own. A node with the name of a crashed or stopped one is a new incarnation of
   * it. Resolves when the node has connected; {@link settle} waits until it has met the others.
   *
   * @throws InvalidArgumentError if a node of that name runs, and any error of the application.
   */
  async start(name: string): Promise<TestNode> {
    if (this.#living.has(name))
      throw new InvalidArgumentError(
        `Node '${name}' runs in this cluster already. Stop or crash it first. No node was started.`,
      );
    this.#order.delete(name);
    this.#order.add(name);
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
      // Nest does not close an application that fails to start, and its node may have connected.
      this.#network.crash(name);
      throw error;
    }
  }

  /** Closes one application in order, with all of Nest's hooks. */
  async stop(node: string | TestNode): Promise<void> {
    const { name, app } = this.#find(node);
    await app.close();
    this.#living.delete(name);
  }

  /**
   * Ends a node's connection without a goodbye, as `kill -9` does: the others have to detect it. Its application does not
   * notice, and is closed with the cluster.
   */
  crash(node: string | TestNode): void {
    const { name } = this.#find(node);
    this.#living.delete(name);
    this.#network.crash(name);
  }

  /**
   * Lets time pass for idle entities on every node, and for nothing else: those that have not been called for their `idleMs` end. Wait for
   * what you expect, because they end in order.
   */
  passIdleTime(ms: number): void {
    for (const { node } of this.#living.values()) node.passIdleTime(ms);
  }

  /**
   * Lets a node lose all cluster names that it holds, as if it had stood still for too long: the reason is `'expired'`, its leaders and singletons are
   * deposed in this turn, and others can take the names at once. It contends for them again, as after a stall.
   *
   * @throws InvalidArgumentError naming the running nodes if this one is not among them.
   */
  expireNames(node: string | TestNode): void {
    this.#find(node).node.names.expire();
  }

  /** Drops everything between two nodes, in both directions, until {@link heal}. */
  cut(a: string | TestNode, b: string | TestNode): void {
    this.#network.cut(this.#find(a).name, this.#find(b).name);
  }

  /** Ends one cut, or all of them. */
  heal(a?: string | TestNode, b?: string | TestNode): void {
    if (a === undefined || b === undefined) this.#network.heal();
    else this.#network.heal(nameOf(a), nameOf(b));
  }

  /** Disconnects a node from the others until {@link reconnect}, and tells it. What it sends is lost. */
  disconnect(node: string | TestNode): void {
    this.#network.disconnect(this.#find(node).name);
  }

  /** Ends {@link disconnect}. */
  reconnect(node: string | TestNode): void {
    this.#network.reconnect(nameOf(node));
  }

  /** Holds back everything from and to a node, as if its process were stopped, until {@link resume}. Its timers go on. */
  pause(node: string | TestNode): void {
    this.#network.pause(this.#find(node).name);
  }

  /** Ends {@link pause}: delivers everything that was held back. */
  resume(node: string | TestNode): void {
    this.#network.resume(nameOf(node));
  }

  /** Loses this share of all messages from now on, the same ones for the same seed and the same history. A rate of 0 ends it. */
  lose(loss: { readonly rate: number; readonly seed: number }): void {
    this.#network.bus.lose(loss);
  }

  /**
   * Resolves when the views of all nodes match the network. Nodes that can talk see each other, unsuspected, and each has applied
   * everything that the others have written. Nodes that cannot talk, because of a crash, a cut or a pause, have removed each
   * other (after `peerTimeoutMs`, in a test cluster 2 s by default; a disconnected node removes the others after
   * `isolationTimeoutMs`, 5 s). Does not resolve while an application goes on writing.
   *
   * @param options The time limit.
   * @param options.timeoutMs Milliseconds ≥ 0; Infinity for no limit. Default 10,000.
   * @throws InvalidOptionError for a wrong or unknown option.
   * @throws Error listing what still differs after that time.
   */
  async settle(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    SETTLE_CHECKS.names(options, ['timeoutMs']);
    const { timeoutMs: given = SETTLE_TIMEOUT_MS } = options;
    const timeoutMs = SETTLE_CHECKS.timeout('timeoutMs', given);
    const deadline = performance.now() + timeoutMs;
    // Each step depends on the one before.
    /* oxlint-disable no-await-in-loop */
    while (!(await this.#isSettled())) {
      if (performance.now() > deadline)
        throw new Error(`The cluster did not settle within ${timeoutMs} ms.\n${this.#report()}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    /* oxlint-enable no-await-in-loop */
  }

  /**
   * Checks that the views of all nodes match the network now. See {@link settle}.
   *
   * @throws Error listing what differs: node by node, scope by scope, key by key.
   */
  expectConverged(): void {
    const report = this.#report();
    if (report !== '') throw new Error(`The cluster has not converged.\n${report}`);
  }

  /** Ends every fault and closes every application, crashed ones included. Idempotent. */
  async close(): Promise<void> {
    this.#network.endFaults();
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
      // Race: a peer or a scope went meanwhile. The caller checks again.
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
