import type { CallsStats } from '../calls';
import type { EntitiesStats } from '../entities';
import type { NamesStats } from '../names';
import type { ProtocolStats } from '../protocol';
import type { Connection, RefusedMessages } from '../transport';
import type { BacklogStats } from './inbound-backlog';
import type { NodeComponents } from './node-components';

/**
 * Where a node is in its life: made (`new`), asking for its first connection, part of the cluster, about to leave it,
 * gone (`stopped`), or gone because a younger node took its name (`fenced`).
 */
export type NodeState = 'new' | 'connecting' | 'ready' | 'draining' | 'stopped' | 'fenced';

/** Figures of one running scope. */
export interface ScopeStats {
  /** Entries of the whole cluster, as seen here. */
  readonly entries: number;
  /** Those of processes of this node. */
  readonly local: number;
}

/** What a node has given to its connection, and the broker has not confirmed. */
export interface OutgoingStats {
  /** Its bytes. */
  readonly bytes: number;
  /** How often it was so much that calls of other nodes, replies to them and streams had to wait. */
  readonly congestions: number;
}

/** Figures of one node at one moment; see {@link PgRegistryNode.stats}. */
export interface NodeStats {
  /** Where the node is in its life. */
  readonly state: NodeState;
  /** False while the transport is trying to reconnect. */
  readonly connected: boolean;
  /** Messages that were dropped because the node was not connected. */
  readonly dropped: number;
  /** Messages of other nodes that wait because more came than a turn of the event loop has room for. */
  readonly backlog: BacklogStats;
  /** What is on its way to the broker. All zero on a transport that does not count it. */
  readonly outgoing: OutgoingStats;
  /** Messages that the option `secret` of the transport made this node refuse, by reason. Empty without a secret. */
  readonly refused: RefusedMessages;
  /** Messages that came to the address of an answer, and were no answer that this node waits for. */
  readonly strayAnswers: number;
  /** Living processes of this node, the root process included. */
  readonly processes: number;
  /** By name of the scope. */
  readonly scopes: Readonly<Record<string, ScopeStats>>;
  /** Calls, casts and monitors that are under way, and what went wrong so far. */
  readonly calls: CallsStats;
  /** The entities of this node, and what became of others. */
  readonly entities: EntitiesStats;
  /** The cluster names of this node. */
  readonly names: NamesStats;
  /** The figures of the peer protocol: peers, suspects, frames, repairs, syncs, refusals. */
  readonly protocol: ProtocolStats;
}

/** Where a node is in its life, and its connection if there is one. */
export interface NodeStatus {
  readonly state: NodeState;
  readonly connection: Connection | undefined;
}

/** Collects the figures. Costs the number of scopes and peers. */
export function statsOf(components: NodeComponents, { state, connection }: NodeStatus): NodeStats {
  const { scopes, processes, calls, entities: hosted, names, protocol, driver } = components;
  const entries = scopes.names().map((name) => {
    const service = scopes.service(name);
    return [name, { entries: service.count(), local: service.countLocal() }] as const;
  });
  return {
    state,
    connected: connection?.isConnected ?? false,
    dropped: connection?.dropped ?? 0,
    backlog: driver.backlog,
    outgoing: {
      bytes: connection?.outgoing?.bytes ?? 0,
      congestions: connection?.outgoing?.congestions ?? 0,
    },
    refused: { ...connection?.refused },
    strayAnswers: connection?.strayAnswers ?? 0,
    processes: processes.size,
    scopes: Object.fromEntries(entries),
    calls: calls.stats(),
    entities: hosted.stats(),
    names: names.stats(),
    protocol: protocol.stats(),
  };
}

/** The node in one line, for `console.log`. */
export function lineOf({ protocol, scopes }: NodeComponents, { state }: NodeStatus): string {
  const peers = protocol.peers().length;
  const names = scopes.names();
  const running = names.length === 0 ? '' : `, scopes ${names.join(', ')}`;
  return `PgRegistryNode <${protocol.node}> (${state}, ${peers} ${peers === 1 ? 'peer' : 'peers'}${running})`;
}
