/**
 * protocol/replication/ — how the entries of one scope get from their owner to every other node, and stay equal.
 *
 * Lives here: {@link Replicator}, one per running scope, and what it is made of: the bodies of its frames (`body`, `operation-body`,
 * `chunk-body`), the own stream (`outbound-stream`, `operation-ring`, `repair-desk`, `sync-desk`), the streams of peers (`inbound-stream`,
 * `gap`, `parking`, `sync-walk`) and `acknowledgements`; {@link ReplicationBudget} is the memory that all Replicators of a node share.
 *
 * Promises: what is known of an owner is what that owner had after some operation of its, plus, while a sync is under way, what
 * it had earlier; every change comes out as an exact diff; whatever is lost, doubled, late or malformed costs time and counted
 * refusals, never entries; memory stays within the budget. Assumes: frames come from accepted peers whose identity was checked, and
 * the effects of one call are run before the next call. May import: term, table; of protocol/ the codec and plain types.
 */
export { Pool, ReplicationBudget, type ReplicationMemory } from './budget';
export type { RemoteCause, ReplicationEffect, ScopeDigest, StreamPeer } from './effect';
export { Replicator, type ReplicatorOptions, type ReplicatorStats } from './replicator';
