/**
 * node/ — one node of the cluster: where the deterministic core meets time, chance and the network.
 *
 * {@link PgRegistryNode} owns the identity, the scopes and the processes of one application, drives the peer protocol with
 * a clock, timers and a connection ({@link ProtocolDriver}), and hands what comes out to scopes, calls and observers.
 * Promises: everything exists from construction, connecting comes later; after `close()` nothing runs any more. Nothing
 * here decides what is true about the cluster: that is the protocol's.
 *
 * May import: term, scope, protocol, process, transport (port), rxjs, node:crypto, node:os.
 */
export { type Clock, systemClock } from './clock';
export type { NodeLogger } from './logger';
export type { NodeHealth } from './node-health';
export type { LagReport, NodeObserver, SyncReport } from './node-observer';
export type { NodeOptions } from './node-options';
export type { NodeState, NodeStats, ScopeStats } from './node-stats';
export { PgRegistryNode } from './pg-registry-node';
export type { NodeDeps } from './node-parts';
