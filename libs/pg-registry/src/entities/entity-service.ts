import { map, type Observable } from 'rxjs';
import { type CallOptions, EntityName } from '../calls';
import type { ProcessService, Remote } from '../process';
import type { PgRegistryService } from '../scope';
import type { Entry } from '../table';
import {
  DEFAULT_VALUE_LIMITS,
  InvalidArgumentError,
  isArray,
  type Key,
  normalKey,
  OptionChecks,
  type Pid,
  PIDS_AS_GIVEN,
} from '../term';
import type { Entities } from './entities';
import { type EntityClass, typeNameOf } from './entity-options';
import type { Host } from './host';
import { SELF } from './entity-handlers';
import { ENTITIES_SCOPE } from './hosts';

const CHECKS: OptionChecks = new OptionChecks('Nothing was moved.', 'rebalance()');

/**
 * Makes a name for the entity of a type and key, for `processes.call(entity('document', 'a'), 'edit', change)`. It needs no class, so it can be
 * used where the type is only known by its name.
 *
 * @param type The class, or the name that its `@Entity` gives.
 * @throws InvalidArgumentError for a class without `@Entity`; InvalidValueError if the key is none.
 */
export function entity(type: EntityClass | string, key: Key): EntityName {
  return new EntityName(typeNameOf(type), keyOf(key));
}

function keyOf(key: unknown): Key {
  if (key === undefined)
    throw new InvalidArgumentError('An entity must be given by its type and its key. Nothing was sent.');
  return normalKey(key, DEFAULT_VALUE_LIMITS, PIDS_AS_GIVEN);
}

/** An entity, wherever it lives: a destination of calls that survives its moves. */
export class EntityRef<T = unknown> extends EntityName {
  readonly #processes: ProcessService;
  readonly #entities: Entities;
  readonly #scope: () => PgRegistryService;

  /** @internal Made by `EntityService.ref`. */
  constructor(
    name: EntityName,
    processes: ProcessService,
    entities: Entities,
    scope: () => PgRegistryService,
  ) {
    super(name.type, name.key);
    this.#processes = processes;
    this.#entities = entities;
    this.#scope = scope;
  }

  /** Calls a handler of the entity, and starts the entity if it does not live. See `ProcessService.call`. */
  call<R = unknown>(name: string, payload?: unknown, options?: CallOptions): Promise<R> {
    return this.#processes.call<R>(this, name, payload, options);
  }

  /** Sends something to a handler of the entity without waiting, and starts the entity if it does not live. See `ProcessService.cast`. */
  cast(name: string, payload?: unknown): void {
    this.#processes.cast(this, name, payload);
  }

  /** Returns an object whose methods call the handlers of the same name. See `ProcessService.proxy`. */
  proxy(): Remote<T> {
    return this.#processes.proxy<T>(this);
  }

  /** Returns the process of the entity if it lives; a local read that starts nothing. Undefined, too, before this node has synced. */
  pid(): Pid | undefined {
    return this.#entities.isReady ? this.#entities.directory.living(this.type, this.key)[0] : undefined;
  }

  /** Emits the process of the entity, or undefined while it does not live: on subscription, and after each change. */
  get monitor$(): Observable<Pid | undefined> {
    void this.#entities.ready();
    return this.#scope()
      .watch([this.type, this.key])
      .pipe(map(() => this.#entities.directory.living(this.type, this.key)[0]));
  }
}

/** The entities of one type. Injected by `@InjectEntity(Document)`. */
export class EntityType<T extends object = object> {
  readonly #service: EntityService;
  readonly #type: string;

  /** @internal Made by `@InjectEntity`. */
  constructor(service: EntityService, type: string) {
    this.#service = service;
    this.#type = type;
  }

  /** See {@link EntityService.ref}. */
  ref(key: Key): EntityRef<T> {
    return this.#service.ref<T>(this.#type, key);
  }

  /** See {@link EntityService.find}. */
  find(key: Key): Pid | undefined {
    return this.#service.find(this.#type, key);
  }

  /** See {@link EntityService.list}. */
  list(): readonly Entry[] {
    return this.#service.list(this.#type);
  }
}

/** Finds, starts, ends and moves entities of the whole cluster. One per application. */
export class EntityService {
  readonly #processes: ProcessService;
  readonly #entities: Entities;
  readonly #scope: () => PgRegistryService;

  /** @internal Made by the node. */
  constructor(processes: ProcessService, entities: Entities, scope: (name: string) => PgRegistryService) {
    this.#processes = processes;
    this.#entities = entities;
    this.#scope = () => scope(ENTITIES_SCOPE);
  }

  /** Returns a destination that stands for one entity. Starts nothing. @throws What {@link entity} throws. */
  ref<T extends object>(type: EntityClass<T> | string, key: Key): EntityRef<T> {
    return new EntityRef<T>(entity(type, key), this.#processes, this.#entities, this.#scope);
  }

  /** Returns the process of an entity if it lives; a local read that starts nothing. */
  find(type: EntityClass | string, key: Key): Pid | undefined {
    return this.ref(type, key).pid();
  }

  /**
   * Returns the process of an entity, which is started if it does not live. A pid does not follow the moves of its entity; {@link ref} does.
   *
   * @throws What a call to the entity throws: see `ProcessService.call`.
   */
  async getOrStart(type: EntityClass | string, key: Key, options?: CallOptions): Promise<Pid> {
    return await this.#processes.call<Pid>(entity(type, key), SELF, null, options);
  }

  /** Returns the entries of all living entities of a type; the keys of the entries are `[type, key]`. Costs its answer. Empty before this node has synced. */
  list(type: EntityClass | string): readonly Entry[] {
    const name = typeNameOf(type);
    return this.#entities.isReady ? this.#scope().selectPrefix([name]) : [];
  }

  /** Returns the nodes that offer a type, as this node knows them. Empty before this node has synced. */
  hosts(type: EntityClass | string): readonly Host[] {
    const name = typeNameOf(type);
    return this.#entities.isReady ? this.#entities.directory.offers(name) : [];
  }

  /** Resolves when this node knows the entities and hosts of all peers; calls wait for it themselves. */
  async ready(): Promise<void> {
    await this.#entities.ready();
  }

  /**
   * Ends an entity in order: its handler, then `onProcessExit(reason)`. Calls that come meanwhile start its next life.
   *
   * @param reason A text of 1 to 256 characters. Default `'stopped'`.
   * @returns False if it did not live.
   * @throws CallTimeoutError if its node did not say within a minute that it has ended; it may end later. TransportError if the broker forbids
   *   this node to end processes of others.
   */
  async stop(type: EntityClass | string, key: Key, reason = 'stopped'): Promise<boolean> {
    const { type: name, key: normal } = entity(type, key);
    return await this.#entities.stop(name, normal, reason);
  }

  /**
   * Moves a living entity to another node, with what its `onHandOver` returns. It stays there until it ends; its next life begins at its
   * place again.
   *
   * @returns Whether it lives there now; false if it did not live, or the node did not take it.
   * @throws InvalidArgumentError if the node does not offer the type; CallTimeoutError if the move took more than a minute. It may still end.
   *   TransportError if the broker forbids this node to end processes of others.
   */
  async move(type: EntityClass | string, key: Key, node: string): Promise<boolean> {
    const { type: name, key: normal } = entity(type, key);
    return await this.#entities.move(name, normal, node);
  }

  /**
   * Moves living entities of a type that are not at their place, one after the other: after nodes have joined, for instance. Nothing is ever
   * moved unasked, except by a node that leaves. A node that fails to move one keeps its others, too. A type with guard `'lease'` may have a
   * placement of its own: ask a node that offers it.
   *
   * @param options.max So many at most. Default 100.
   * @returns How many were moved.
   * @throws InvalidArgumentError if only nodes that offer the type can tell where its entities are to be.
   */
  async rebalance(type: EntityClass | string, options: { readonly max?: number } = {}): Promise<number> {
    CHECKS.names(options, ['max']);
    const { max = 100 } = options;
    CHECKS.wholeNumber('max', max, 1);
    const name = typeNameOf(type);
    await this.#entities.ready();
    let moved = 0;
    const failing = new Set<string>();
    for (const { key, pid } of this.list(name)) {
      if (moved >= max) break;
      // Peers may write anything.
      if (!isArray(key) || key.length !== 2 || failing.has(pid.node)) continue;
      const [, entityKey] = key;
      const best = this.#entities.placeOf(name, entityKey);
      if (best === undefined || best.node === pid.node) continue;
      try {
        // One after the other, so that the cluster goes on serving.
        // oxlint-disable-next-line no-await-in-loop
        if (await this.#entities.move(name, entityKey, best.node)) moved += 1;
      } catch {
        failing.add(pid.node);
      }
    }
    return moved;
  }

  /** What `console.log` and `util.inspect` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const { living } = this.#entities.stats();
    const types = Object.entries(living).map(([type, count]) => `${count} × ${type}`);
    return `EntityService (${types.join(', ') || 'no entities live here'})`;
  }
}
