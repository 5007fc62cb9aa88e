/**
 * names/: cluster names, which one process of the whole cluster holds at a time.
 *
 * `lease-store.ts` is the port of the store that decides who holds a name. A transport offers an implementation
 * (`Connection.leaseStore`); this room knows stores only through the port.
 *
 * `lease/` is the deterministic part: the session of this node (`session`), those of others (`rival-sessions`), each key (`contest`,
 * `held-key`), and `leases`, which joins them. `lease-driver` runs it with clocks, timers and a store. `name-claims` joins it to processes
 * and promises; `cluster-names` is the public class. `campaigns` wants keys for as long as the node runs, for `singletons` and for methods;
 * `entity-names` holds those of entities. `holders` keeps the holders of the whole cluster in memory, in an internal scope.
 *
 * Promises: see {@link ClusterNames}. Costs nothing until its first use. May import: term, table (types), wire, lifetime, scope, rxjs.
 */
export { Claim } from './claim';
export { type ClaimOptions, ClusterNames, type TryClaimOptions } from './cluster-names';
export type { EntityNames } from './entity-names';
export { type Holder, type KnownHolder, NAMES_SCOPE } from './holders';
export type { Takeover } from './lease/lease-records';
export { type NamesOptions, normalNamesOptions, type NormalNamesOptions } from './names-options';
export type { NamesStats } from './names-stats';
export type { ClaimOutcome, OnClaiming } from './claim-outcome';
export type { Singleton, SingletonProcess } from './singletons';
export {
  type LeaseAbsent,
  type LeaseFound,
  type LeaseReadOutcome,
  type LeaseRefused,
  type LeaseRequestOptions,
  type LeaseStore,
  type LeaseStoreOptions,
  type LeaseUnavailable,
  type LeaseUnknown,
  type LeaseUnreachable,
  type LeaseWatch,
  type LeaseWrite,
  type LeaseWriteOutcome,
  type LeaseWritten,
  MAX_RECORD_BYTES,
  RECORD_AGE_MS,
  REPEAT_MS,
} from './lease-store';
