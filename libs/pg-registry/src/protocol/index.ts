/**
 * protocol/: the whole of one node's conversation with its peers, without I/O.
 *
 * {@link PeerProtocol} composes cluster/ and replication/. node/ drives it with a connection and timers, the simulator with a virtual
 * network and virtual time. `frame-gate` checks every frame that arrives, `frame-router` takes it to the part that it concerns.
 *
 * Promises: deterministic; nothing that a peer sends makes it throw, grow without bound, or touch another node's entries. Assumes: the
 * effects of one call run in order, and the timer is set anew after each call. May import: term, table, wire, cluster, replication.
 */
export { PeerProtocol, type ProtocolStats } from './peer-protocol';
export type { ScopeStream } from './scope-stream';
