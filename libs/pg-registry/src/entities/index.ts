/**
 * entities/: one living object per id, somewhere in the cluster.
 *
 * `entity-service` is the public side. `entities` routes calls by what `hosts` knows of the cluster: hosts offer types in the scope `pg.hosts`,
 * and living entities are entries of `pg.entities`. `entity-host` starts and ends those of this node (`hosted-type` has what lives of a type,
 * `entity-handlers` what answers as an entity, `idle-watch` finds the idle ones). `refusals` says why an entity is not started here; `placement` says
 * where it belongs. `waiting-starts` spreads starts over time, and keeps those that have to wait with the calls for them;
 * `entity-leases` claims those with guard `'lease'`. `moves` gives entities to other nodes and `arrivals` takes them; `merges` ends one of two
 * after a split.
 *
 * Hosts talk to each other by calls: `host-messages` reads them, `host-handlers` answers, `host-orders` does what operators order. `memory/`
 * remembers within bounds what peers choose.
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
