/*
 * Where the health of a node is computed: its life, its connection, its own timers, and whether the broker answers a flush in time.
 */
import { withTimeout } from '../lifetime';
import type { NodeComponents } from './node-components';
import type { NodeState, NodeStatus } from './node-stats';

/** Whether a node works at this moment; see {@link PgRegistryNode.health}. */
export interface NodeHealth {
  /** Whether the node is part of the cluster, connected and on time, and the broker answers. */
  readonly healthy: boolean;
  /** What is wrong, if anything is. */
  readonly reason?: string;
  /** Where the node is in its life; only `ready` is healthy. */
  readonly state: NodeState;
  /** Whether the transport is connected. */
  readonly connected: boolean;
  /** Other nodes that it knows, suspects included. */
  readonly peers: number;
  /** Peers that are suspected of being gone. */
  readonly suspects: number;
  /** Whether every peer's entries have arrived, but for those of `givenUp` and `overfull`. Not a condition of health: a node that syncs works. */
  readonly synced: boolean;
  /** Names of the peers whose entries are still to arrive. */
  readonly awaited: readonly string[];
  /** Names of the peers that were asked for their entries and sent none, or few, for `syncPatienceMs`. They are asked on; nobody waits for them. */
  readonly givenUp: readonly string[];
  /** Names of the peers with more entries than `maxEntriesPerPeer` or `maxPeerBytes` allow: in at least one scope none of them are shown. */
  readonly overfull: readonly string[];
  /** When a sync with a peer last ended, in ISO 8601; null if none has. */
  readonly lastSyncAt: string | null;
  /**
   * What is wrong with the store of cluster names, as far as this node knows; null: nothing. It is no condition of health, unless the store has lost
   * records.
   */
  readonly namesProblem: string | null;
  /** Whether a younger node has taken this one's name; it stays down then. */
  readonly fenced: boolean;
  /** Milliseconds by which the node's next step is overdue. */
  readonly overdueMs: number;
}

/** Whether a restart would help a node; see {@link PgRegistryNode.liveness}. */
export interface NodeLiveness {
  /** False if only a restart can help: a younger node has taken the name, the node has stopped for good, or its timers stand still. */
  readonly alive: boolean;
  /** What is wrong, if anything is. */
  readonly reason?: string;
  /** Where the node is in its life. */
  readonly state: NodeState;
  /** Milliseconds by which the node's next step is overdue. */
  readonly overdueMs: number;
}

/**
 * A step that is this late means that the node itself is stuck, even if it is connected. A step is due at least each second, so this
 * shows two seconds after the last one.
 */
const MAX_OVERDUE_MS = 1000;
/** A step that is this late will not come any more. Longer than a pause of a debugger's or garbage collector's is likely to be. */
const DEAD_OVERDUE_MS = 10_000;

/**
 * Looks at the node and asks the broker for a sign of life. Never rejects; takes `timeoutMs` at most.
 *
 * @param lastSyncAt When a sync ended last, in milliseconds since 1970.
 */
export async function checkHealth(
  components: NodeComponents,
  { state, connection }: NodeStatus,
  lastSyncAt: number | undefined,
  timeoutMs: number,
): Promise<NodeHealth> {
  const { protocol, clock, driver, names } = components;
  const { overdueMs } = driver;
  const { peers, suspects, arrivals } = protocol.stats();
  const connected = connection?.isConnected ?? false;
  const reason = await whatIsWrong();
  return {
    healthy: reason === undefined,
    ...(reason && { reason }),
    state,
    connected,
    peers,
    suspects,
    synced: protocol.synced,
    ...arrivals,
    lastSyncAt: lastSyncAt === undefined ? null : new Date(lastSyncAt).toISOString(),
    namesProblem: names.problem ?? null,
    fenced: state === 'fenced',
    overdueMs,
  };

  async function whatIsWrong(): Promise<string | undefined> {
    if (state === 'fenced') return `superseded by a younger node named '${protocol.node}'`;
    if (state !== 'ready') return `the node is ${state}`;
    if (connection === undefined || !connected)
      return connection?.problem === undefined ? 'not connected' : `not connected: ${connection.problem}`;
    if (connection.problem !== undefined) return connection.problem;
    if (names.isRefusing) return names.problem;
    if (overdueMs > MAX_OVERDUE_MS) return `the node has not moved for ${Math.round(overdueMs)} ms`;
    return (await withTimeout(connection.flush(), timeoutMs, clock).catch(() => false))
      ? undefined
      : `the broker did not answer a flush within ${timeoutMs} ms`;
  }
}

/** Looks whether only a restart can help the node. Asks nobody, so a broker that is away does no harm. */
export function checkLiveness({ protocol, driver }: NodeComponents, { state }: NodeStatus): NodeLiveness {
  const { overdueMs } = driver;
  const reason = whatIsWrong();
  return { alive: reason === undefined, ...(reason && { reason }), state, overdueMs };

  function whatIsWrong(): string | undefined {
    if (state === 'fenced') return `superseded by a younger node named '${protocol.node}'`;
    if (state === 'stopped') return 'the node has stopped';
    if (overdueMs > DEAD_OVERDUE_MS) return `the node has not moved for ${Math.round(overdueMs)} ms`;
    return undefined;
  }
}
