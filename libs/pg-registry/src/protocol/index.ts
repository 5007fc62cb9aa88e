/**
 * protocol/ — what nodes say to one another, and what they conclude from it; without any I/O.
 *
 * {@link PeerProtocol} is the whole of one node: node/ drives it with a connection and timers, the simulator with a virtual
 * network and virtual time. Inside it: the envelope and subjects (`frame`, `subject`, checked in `frame-gate`), who belongs
 * to the cluster (`membership`, `hello`, `name-guard`), who lives (`liveness` and the files it names), and the running
 * scopes with their Replicators (`streams`, `replication/`).
 *
 * Promises: it is deterministic (time, ids and randomness are arguments); nothing that a peer sends makes it throw, grow
 * without bound, or touch another node's entries; no node is buried on anybody's word but our own observation. Assumes:
 * effects of one call are run in order, and a timer is set anew after each. May import term and table.
 */
export { DecodeError, Reader, Writer } from './codec';
export type { Effect, PeerEvent, ProbeOutcome, RejectionReason } from './effect';
export {
  decodeFrame,
  encodeFrame,
  FRAME_KINDS,
  FRAME_OVERHEAD_BYTES,
  MAX_WIRE_DEPTH,
  type Frame,
  type FrameKind,
  type ProcessKind,
  type Sender,
  type StreamKind,
} from './frame';
export { incarnationOf } from './incarnation';
export type { CrashDetection } from './onlooker';
export { DEFAULT_PROTOCOL_OPTIONS, protocolOptions, type ProtocolOptions } from './options';
export type { PeerView, RemovalReason, Suspicion } from './peer';
export type { ReplicationMemory } from './replication';
export { PeerProtocol } from './peer-protocol';
export type { PeerProtocolParameters } from './protocol-parts';
export type { NodeState, ProtocolStats } from './protocol-reads';
export type { ScopeStart } from './streams';
export { decodeToken, encodeToken, permissionsOf, Subjects, type Permissions, type Route } from './subject';
export { OWN_VERSIONS, type VersionRange } from './version';
