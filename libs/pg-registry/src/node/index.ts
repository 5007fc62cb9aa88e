/**
 * node/: one node of the cluster, where the deterministic core meets time, randomness and the network.
 *
 * {@link PgRegistryNode} is the public class. `node-components` makes its components and wires them; `node-lifecycle` connects, drains and closes;
 * `protocol-driver` runs the peer protocol with a clock, timers and a connection; `scope-replication` joins a scope to its stream;
 * `connection-channel` carries calls; `node-scopes` starts and stops scopes, and keeps the services of stopped ones.
 *
 * Promises: everything exists from construction, connecting comes later; after `close()` nothing runs any more. Nothing here decides what
 * is true about the cluster: that is the protocol's. May import: term, names, entities, observer, scope, wire, cluster, replication,
 * protocol, lifetime, calls, process, transport (the port), rxjs, node:crypto, node:os, node:perf_hooks, node:v8.
 */
export { systemClock } from './clock';
export { LOG_CONTEXT, type LogLevel } from './logger';
export type { NodeHealth, NodeLiveness } from './node-health';
export type { LagReport, NodeTelemetry, SyncReport } from './node-telemetry';
export type { NodeOptions } from './node-options';
export type { BacklogStats } from './inbound-backlog';
export type { NodeState, NodeStats, OutgoingStats, ScopeStats } from './node-stats';
export { PgRegistryNode } from './pg-registry-node';
export { unguessableNumbers } from './unguessable';
