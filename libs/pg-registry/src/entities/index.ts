/**
 * entities/: one living object per id, somewhere in the cluster.
 *
 * `entity-service` is the public side. `entities` knows where entities are and routes calls; `entity-host` starts and ends those of this node;
 * `moves` gives them to other nodes and `arrivals` takes them; `merges` ends one of two after a split; `entity-leases` claims those with guard `'lease'`; `waiting-starts` has calls wait for that;
 * `refusals` says why an entity is not started here; `placement` says where it belongs. Hosts offer types in the scope `pg.hosts` and talk by calls (`host-messages`); living entities are entries of `pg.entities`.
 *
 * Promises: among nodes that see each other at most one entity of a key lives, and none starts before the last one has ended; a call is
 * executed at most once; what waits for an entity is executed or told why not. May import: term, table, names, lifetime, calls, process, scope, rxjs.
 */
export { Entities } from './entities';
export type { EntitiesStats, EntityStarting, EntityTypeStats, OnStarting } from './entities-deps';
export {
  type EntityClass,
  type EntityLifecycle,
  type EntityOptions,
  type EntityStart,
  entityTypeOf,
  normalEntityType,
  typeNameOf,
  setEntityType,
  type StartCause,
} from './entity-options';
export { entity, EntityRef, EntityService, EntityType } from './entity-service';
export type { EntityGuard, EntityPlacement, Host } from './host';
export { ENTITIES_SCOPE, HOSTS_SCOPE } from './hosts';
