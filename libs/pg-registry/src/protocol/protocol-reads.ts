import type { ProcessKind, Subjects } from '../wire';
import { type CrashDetection, type PeerView, viewOf } from '../cluster';
import type { ProtocolParts } from './protocol-parts';
import type { ReplicationMemory, Replicator } from '../replication';

/** Where a node is in its life. */
export type NodeState = 'ready' | 'draining' | 'left' | 'fenced';

/** Figures for `stats()`. */
export interface ProtocolStats {
  /** Admitted peers, suspects included. */
  readonly peers: number;
  /** Peers in doubt. */
  readonly suspects: number;
  /** Whether crashes show at once here, or only as silence. */
  readonly crashDetection: CrashDetection;
  /** Incarnations that said goodbye or were superseded, remembered so that a late frame does not bring them back. */
  readonly tombstones: number;
  /** What replication holds in memory. */
  readonly memory: ReplicationMemory;
  /** How often what happened since the start: frames, repairs, syncs, refusals, by name. Absent: never. */
  readonly counters: Readonly<Record<string, number>>;
}

/** What can be asked of a node's protocol without changing anything. */
export class ProtocolReads {
  protected currentState: NodeState = 'ready';

  constructor(protected readonly parts: ProtocolParts) {}

  get node(): string {
    return this.parts.endpoint.node;
  }

  get incarnation(): string {
    return this.parts.endpoint.incarnation;
  }

  /** Builds this node's subjects. */
  get subjects(): Subjects {
    return this.parts.endpoint.subjects;
  }

  get epoch(): number {
    return this.parts.endpoint.epoch;
  }

  get state(): NodeState {
    return this.currentState;
  }

  /** All peers, suspects included; frozen pictures. */
  peers(): readonly PeerView[] {
    return [...this.parts.membership.peers.values()].map(viewOf);
  }

  /** The peer of that incarnation. */
  peer(incarnation: string): PeerView | undefined {
    const peer = this.parts.membership.peers.get(incarnation);
    return peer === undefined ? undefined : viewOf(peer);
  }

  /** Whether an incarnation is an admitted peer's, suspected or not. O(1). */
  knows(incarnation: string): boolean {
    return this.parts.membership.peers.has(incarnation);
  }

  /** Whether an incarnation is this node's own or an unsuspected peer's. O(1). */
  reachable(incarnation: string): boolean {
    if (incarnation === this.incarnation)
      return this.currentState === 'ready' || this.currentState === 'draining';
    const peer = this.parts.membership.peers.get(incarnation);
    return peer !== undefined && peer.suspicion === undefined;
  }

  /** Whether an incarnation has said that it is about to leave. O(1). */
  draining(incarnation: string): boolean {
    if (incarnation === this.incarnation) return this.currentState !== 'ready';
    return this.parts.membership.peers.get(incarnation)?.draining ?? false;
  }

  /** Connected, everybody has had the time to introduce itself, and no scope is in its first sync. Costs peers + scopes. */
  get synced(): boolean {
    if (!this.parts.settling.isOver) return false;
    for (const { scopes } of this.parts.membership.peers.values()) if (!scopes.complete) return false;
    return this.parts.streams.synced;
  }

  /** How often something was counted, by the name that it has in `stats().counters`. O(1). */
  count(name: string): number {
    return this.parts.endpoint.counters.get(name) ?? 0;
  }

  stats(): ProtocolStats {
    const peers = [...this.parts.membership.peers.values()];
    return {
      peers: peers.length,
      suspects: peers.filter(({ suspicion }) => suspicion !== undefined).length,
      crashDetection: this.parts.onlooker.detection,
      tombstones: this.parts.membership.ledger.size,
      memory: this.parts.streams.memory,
      counters: Object.fromEntries(this.parts.endpoint.counters),
    };
  }

  /** The running scope's Replicator, for its reads (`last`, `fits`, `stats`). @throws ScopeNotRunningError */
  stream(
    scope: string,
  ): Pick<Replicator, 'run' | 'last' | 'fits' | 'stats' | 'digest' | 'appliedOf' | 'synced'> {
    return this.parts.streams.replicatorOf(scope);
  }

  /** The number of a running scope's last own operation; the next write's revision is one more. @throws ScopeNotRunningError */
  last(scope: string): number {
    return this.parts.streams.replicatorOf(scope).last;
  }

  /** Puts a body of the process room into its frame to a node. */
  envelope(
    kind: Exclude<ProcessKind, 'reply'>,
    node: string,
    body: Uint8Array,
  ): { subject: string; bytes: Uint8Array } {
    const version = this.parts.membership.named(node)?.version;
    return {
      subject: this.parts.endpoint.subjects.to(node, kind),
      bytes: this.parts.endpoint.frame(kind, body, version),
    };
  }

  /** Puts an answer into its frame; the address was checked when its question was delivered. */
  envelopeReply(subject: string, node: string, body: Uint8Array): { subject: string; bytes: Uint8Array } {
    return {
      subject,
      bytes: this.parts.endpoint.frame('reply', body, this.parts.membership.named(node)?.version),
    };
  }

  /** Whether this node has left, or was fenced. */
  protected get isOver(): boolean {
    return this.currentState === 'left' || this.currentState === 'fenced';
  }

  /** The soonest deadline of all parts; Infinity if there is none any more. */
  protected soonestDeadline(): number {
    if (this.isOver) return Infinity;
    const { membership, liveness, onlooker, drain, streams, settling } = this.parts;
    return Math.min(
      membership.nextDeadline,
      liveness.nextDeadline,
      onlooker.nextDeadline,
      drain.nextDeadline,
      streams.nextDeadline,
      settling.nextDeadline,
    );
  }
}
