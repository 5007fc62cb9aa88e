/**
 * protocol/: everything that one node says to its peers and hears from them, without I/O.
 *
 * {@link PeerProtocol} has the components of cluster/ and replication/, which `protocol-components` wires. node/ drives it with a connection and
 * timers, the simulator with a virtual network and virtual time. `frame-gate` checks every frame that arrives, `frame-router` hands it
 * to the part that handles its kind. {@link ScopeStream} is what the caller that starts a scope keeps, to write to it.
 *
 * Promises: deterministic; nothing that a peer sends makes it throw, grow without bound, or touch another node's entries. Assumes: the
 * effects of one call run in order, and the timer is set anew after each call. May import: term, table, wire, cluster, replication.
 */
export { type PeerArrivals, PeerProtocol, type ProtocolStats } from './peer-protocol';
export type { ScopeStream } from './scope-stream';
