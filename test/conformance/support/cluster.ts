import type { NodeOptions, PgRegistryNode, Transport } from 'nestjs-pg-registry';

/** Liveness options with which nodes notice trouble in tenths of a second, so that no test waits for long. */
export const FAST_LIVENESS: NodeOptions = {
  helloIntervalMs: 200,
  probeIntervalMs: 50,
  probeTimeoutMs: 200,
  confirmMs: 100,
  rejoinGraceMs: 100,
  peerTimeoutMs: 600,
  isolationTimeoutMs: 300,
  settleMs: 20,
  drainAckMs: 200,
};

/** Shorter than jest's own limit, so that a failure names what differs. */
export const SETTLE_TIMEOUT_MS = 4000;

/** Runs on a node before it connects. */
export type BeforeConnect = (node: PgRegistryNode) => void;

/** The nodes of one test, all in this process, on one transport. */
export interface Cluster {
  /** Warnings and errors that the nodes logged. */
  readonly log: readonly string[];
  readonly namespace: string;
  /** Starts a node and connects it; {@link settle} waits until the others know it. */
  start(name: string, options?: NodeOptions, before?: BeforeConnect): Promise<PgRegistryNode>;
  /** Returns a transport to the same broker that belongs to no node, for messages that no node would send. */
  stranger(): Promise<Transport>;
  /** Closes a node, which says goodbye. */
  stop(node: PgRegistryNode): Promise<void>;
  /** Ends the connection of a node for good and without a goodbye. */
  crash(node: PgRegistryNode): void;
  /** Cuts a node off from all others, in both directions; each side goes on running. */
  cut(node: PgRegistryNode): void;
  /** Ends {@link cut}. */
  heal(node: PgRegistryNode): void;
  /** Waits until every node knows exactly those that it can reach, and every write has arrived everywhere. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** Starts nodes of these names with the same options, and waits until they know each other. */
export async function startAll<const N extends readonly string[]>(
  cluster: Cluster,
  names: N,
  options: NodeOptions = {},
): Promise<{ [I in keyof N]: PgRegistryNode }> {
  const nodes = await Promise.all(names.map((name) => cluster.start(name, options)));
  await cluster.settle();
  return nodes as { [I in keyof N]: PgRegistryNode };
}
