/**
 * replication/: how the entries of one scope get from their owner to every other node, and stay equal.
 *
 * `Streams` holds the running scopes, each with its `Replicator`. A Replicator has
 * - the own stream: `outbound-stream`, `operation-ring`, `repair-responder` and `sync-responder` for those who missed something;
 * - in `inbound/` the streams of peers: `inbound-stream` with `gap-repair`, `reorder-buffer` and `sync-walk`;
 * - `acknowledgements` for `replicated()`, and `lag-probe`;
 * - the bodies of its frames: `body`, `operation-body`, `chunk-body`, `bundle`.
 *
 * What they give out goes through `stream-output` into the protocol's list of effects. All Replicators of a node share the memory of
 * one `ReplicationBudget`.
 *
 * Promises: what a node knows of an owner is what that owner had after one of its operations, plus, during a sync, what it had earlier;
 * every change comes out as an exact diff; a lost, doubled, late or malformed frame costs time and a counted refusal, never an entry;
 * memory stays within the budget. Assumes: frames come from accepted peers whose identity was checked, and the effects of one call run
 * before the next call. May import: term, table, wire, cluster.
 */
export type { ReplicationMemory } from './budget';
export type { Arrival } from './inbound/sync-timing';
export type { StreamPosition } from './inbound/inbound-streams';
export type { Replicator, ScopeStart } from './replicator';
export { Streams } from './streams';
