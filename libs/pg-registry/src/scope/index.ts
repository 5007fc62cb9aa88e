/**
 * scope/ runs one scope and has the API that users call.
 *
 * A {@link PgRegistryService} is what users hold: one per scope and node, the same object before, between and after the
 * scope's runs. A {@link Scope} is one run: its table, its feed, its metadata and its locks. The room promises:
 *
 * - when the outermost write returns, the write is applied, readable, and delivered to every observer;
 * - a snapshot plus the events after it is what a read returns;
 * - arguments are checked before anything changes;
 * - an observer or listener that throws does not keep others from being notified.
 *
 * A write passes the checks of `argument-checks.ts`, then the run's table returns a diff, which goes to the peers
 * ({@link ReplicationPort}) and to the feed (`feed.ts`). The options of a scope are checked in `scope-options.ts`. What a scope
 * needs of its node is {@link ScopeDeps}.
 *
 * May import: term, match, table, protocol, lifetime, calls, process, rxjs.
 */
export { defineScope } from './define-scope';
export type { RegistryOf, ScopeDefinition } from './define-scope';
export type {
  Cause,
  ChangeEvent,
  MembershipEvent,
  MonitorEvent,
  ScopeEvent,
  ScopeSnapshotEvent,
  SnapshotEvent,
  UpdatedEntry,
  UpdateEvent,
} from './event';
export type { ListenerToken, Registered, RegistryListener, Unregistered } from './listener';
export type { LiveChange, LiveRow } from './live-query';
export type { LockOptions } from './locks';
export type { MetaKey } from './metadata';
export {
  DEFAULT_SCOPE,
  formatScopeOptions,
  normalScopeOptions,
  sameScopeOptions,
  scopeName,
} from './scope-options';
export type { KeysMode, NormalScopeOptions, ScopeOptions } from './scope-options';
export { PgRegistryService } from './pg-registry-service';
export type { Query, ScopeEventOf } from './pg-registry-service';
export type { DispatchOptions } from './reads';
export type { Registration } from './registration';
export type { ReplicationPort } from './replication-port';
export type { EntryOf, KeyOf, Row, ValueArgument, ValueOf } from './row-types';
export { Scope } from './scope';
export { SubscriptionsByKey } from './subscriptions/subscriptions-by-key';
export type { ChangeCount, ChangeRecorder, ScopeDeps } from './scope-deps';
