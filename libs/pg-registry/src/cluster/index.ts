/**
 * cluster/: who is there, and who is alive.
 *
 * `membership` admits peers by their `hello` and removes them; `name-guard` and `name-ledger` keep one living node per name;
 * `liveness/` decides when a silent peer is a suspect and when it is removed; `drain` announces that this node is about to leave;
 * `endpoint` is what every part shares: identity, clock, counters and the list of effects.
 *
 * Promises: deterministic (time, ids and randomness are arguments); nothing that a peer sends makes it throw or grow without bound; a
 * peer is removed only on this node's own observation. May import: term, table (types), wire.
 */
export { Drain } from './drain';
export type { Effect, PeerEvent, ProbeOutcome, RejectionReason } from './effect';
export { Endpoint } from './endpoint';
export { FlushQueue } from './flush-queue';
export type { ScopeNews } from './hello';
export { Liveness } from './liveness/liveness';
export { type CrashDetection, OnlookerWatch } from './liveness/onlooker';
export { type Probe, Probes } from './liveness/probes';
export { Membership } from './membership';
export { NameGuard } from './name-guard';
export { DEFAULT_PROTOCOL_OPTIONS, protocolOptions, type ProtocolOptions } from './protocol-options';
export { OwnScopes } from './own-scopes';
export {
  type MutablePeer,
  type Peer,
  type PeerView,
  type RemovalReason,
  type Suspicion,
  viewOf,
} from './peer';
export { Schedule } from './schedule';
export { Settling } from './settling';
