/**
 * scope/ — one running scope and its public face.
 *
 * A {@link Scope} is one run: the table, the feed that turns its diffs into events, metadata and locks. A
 * {@link PgRegistryService} is what users hold: one per name, the same object before, between and after runs. Promised:
 * every write is applied, readable and delivered when the outermost call returns; snapshot plus events is what a read
 * returns; arguments are checked before anything changes; an observer or listener that fails harms nobody.
 *
 * Inside: a call goes through the checks of `ArgumentChecks` to the run, the run's table answers with a diff, the diff goes to
 * the peers ({@link Replication}) and to the `Feed`. What a scope needs of its node it says in {@link ScopeDeps}.
 *
 * May import: term, match, table, protocol, process, transport (port), rxjs.
 */
export { defineScope } from './definition';
export type { RegistryOf, ScopeDefinition } from './definition';
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
export type { LockOptions } from './lock-table';
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
export type { Replication } from './replication';
export type { EntryOf, KeyOf, Row, ValueArgument, ValueOf } from './row';
export { Scope } from './scope';
export type { ScopeDeps, ScopeLogger } from './scope-deps';
