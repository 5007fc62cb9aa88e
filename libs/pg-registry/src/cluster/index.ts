/**
 * cluster/: which nodes are there, and which of them are alive.
 *
 * - `membership` admits peers by their `hello` and removes them; `own-scopes` decides what each hello says;
 * - `name-guard` and `name-ledger` keep one living node per name;
 * - `liveness/` decides when a silent peer becomes a suspect (`suspicion`) and when it is removed (`liveness`);
 * - `allowance` bounds what one node can make this one send;
 * - `drain` announces that this node is about to leave;
 * - `endpoint` is what all parts share: identity, clock, counters and the one list of effects.
 *
 * The rooms above share three files of this one, because it is the lowest that needs them: `effect` (what the driver has to do),
 * `protocol-options` and `schedule` (when what is due).
 *
 * Promises: deterministic (time, ids and randomness are arguments); nothing that a peer sends makes it throw or grow without bound; a
 * peer is removed only on this node's own observation. May import: term, table (types), wire.
 */
export { Allowance, SentOnce } from './allowance';
export { Drain } from './drain';
export type { DiffReceiver, Effect, PeerEvent, ProbeOutcome, RejectionReason, RemoteCause } from './effect';
export { Endpoint } from './endpoint';
export type { ScopeDigest, ScopeNews } from './hello';
export { InitialDiscovery } from './initial-discovery';
export { Liveness } from './liveness/liveness';
export { type CrashDetection, OnlookerCheck } from './liveness/onlooker-check';
export { decodeProbeAnswer, encodeProbeAnswer, type Probe, Probes } from './liveness/probes';
export { Membership } from './membership';
export { NameGuard } from './name-guard';
export {
  DEFAULT_PROTOCOL_OPTIONS,
  LEAST_MAX_PAYLOAD,
  maxFrameBytesFor,
  protocolOptions,
  type ProtocolOptions,
} from './protocol-options';
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
