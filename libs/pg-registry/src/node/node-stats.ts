import type { PeerProtocol } from '../protocol';

/**
 * Where a node is in its life: made (`new`), asking for its first connection, part of the cluster, about to leave it,
 * gone (`stopped`), or gone because a younger node took its name (`fenced`).
 */
export type NodeState = 'new' | 'connecting' | 'ready' | 'draining' | 'stopped' | 'fenced';

/** Figures of one node at one moment; see {@link PgRegistryNode.stats}. */
export interface NodeStats {
  readonly state: NodeState;
  /** False while the transport is trying to reconnect. */
  readonly connected: boolean;
  /** Living processes of this node, the root process included. */
  readonly processes: number;
  /** Entries of the whole cluster as seen here, and of this node alone, by scope. */
  readonly scopes: Readonly<Record<string, { readonly entries: number; readonly local: number }>>;
  /** What the peer protocol counts: peers, suspects, frames, repairs, syncs, refusals. */
  readonly protocol: ReturnType<PeerProtocol['stats']>;
}
