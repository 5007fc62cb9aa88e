/**
 * One running scope and its public face.
 *
 * A {@link Scope} is one run: the table, the feed that turns its diffs into events, metadata and locks. A
 * {@link PgRegistryService} is what users hold: one per name, the same object before, between and after runs. Promised:
 * every write is applied, readable and delivered when the outermost call returns; snapshot plus events is what a read
 * returns; nothing a caller passes is used before it was checked; an observer or listener that fails harms nobody.
 *
 * May import: term, match, table, protocol, process, transport (port), rxjs.
 */
export { defineScope } from './definition';
export type { RegistryOf, ScopeDefinition } from './definition';
export type { Replication, ScopeHost, ScopeLogger } from './host';
export type { ListenerToken, Registered, RegistryListener, Unregistered } from './listener';
export {
  DEFAULT_SCOPE,
  formatScopeOptions,
  normalScopeOptions,
  sameScopeOptions,
  scopeName,
} from './options';
export type { KeysMode, NormalScopeOptions, ScopeOptions } from './options';
export type { KeyOf, Row, ValueArgument, ValueOf } from './row';
export { Scope } from './scope';
export type { ScopeParts } from './scope';
export { PgRegistryService } from './service';
