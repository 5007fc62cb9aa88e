import type { EntityAddress, EntityRouter, TriedMembers } from '../calls';
import { withTimeout } from '../lifetime';
import type { MembershipEvent, ScopeEvent } from '../scope';
import {
  InvalidArgumentError,
  isArray,
  type Key,
  NotRegisteredError,
  type Pid,
  quoteText,
  samePid,
  type Value,
} from '../term';
import { Arrivals } from './arrivals';
import type { EntitiesDeps, EntitiesStats } from './entities-deps';
import { EntityHost } from './entity-host';
import { type EntityClass, nameOf } from './entity-options';
import { hostHandlers, hostOn, SETTLE_MS } from './host-handlers';
import { hostOrders } from './host-orders';
import { addCounts, type HostedType, noCounts } from './hosted-type';
import type { Host } from './host';
import { Directory, ENTITIES_SCOPE, HOSTS_SCOPE, MOST_NAMES, namesOf } from './hosts';
import { Merges } from './merges';
import { Moves } from './moves';

/** How long another host may take to stop or move an entity, in milliseconds: longer than all that it waits for itself. */
const TELL_MS = 60_000;
/** How long a node that starts the scopes waits for the word of peers that start them, too, in milliseconds. */
const MEETING_MS = 100;

/**
 * The entities of one node: those that live here, and where all others are. The two internal scopes `pg.hosts` and `pg.entities` are started
 * at the first use; a node that has nothing to do with entities pays nothing.
 */
export class Entities implements EntityRouter {
  readonly directory: Directory;
  readonly #deps: EntitiesDeps;
  #host: EntityHost | undefined;
  #moves: Moves | undefined;
  #merges: Merges | undefined;
  #arrivals: Arrivals | undefined;
  #ready: Promise<void> | undefined;
  isReady = false;
  #isWatching = false;

  constructor(deps: EntitiesDeps) {
    this.#deps = deps;
    this.directory = new Directory(deps);
    deps.calls.outgoing.useEntities(this);
  }

  // Where entities are

  ready(): Promise<void> {
    this.#ready ??= this.#begin();
    return this.#ready;
  }

  pick({ type, key }: EntityAddress, tried: TriedMembers | undefined): Pid | undefined {
    const { availability } = this.#deps;
    const living = this.directory.living(type, key);
    const redirect = tried?.redirect;
    if (redirect !== undefined && this.#mayAnswer(redirect, living)) return redirect;
    for (const pid of living) {
      const state = availability(pid);
      if (state === 'unknown') continue;
      if (tried?.has(pid) !== true) return pid;
      // It keeps its place as long as its node is a peer: nobody else may start it.
      if (state === 'suspect') return undefined;
    }
    // A node that offers the type knows whether it has a placement of its own.
    const host = tried === undefined ? this.#host : undefined;
    const placement = host?.isOpen === true ? host.types.get(type)?.type.placement : undefined;
    if (host !== undefined && placement !== undefined && placement !== 'hash') return host.process.pid;
    return this.directory.candidates(type, key).find(({ pid }) => tried?.has(pid) !== true)?.pid;
  }

  /** A node that leaves starts nothing, and may be gone before it says so: it is asked only about what lives there. */
  #mayAnswer(pid: Pid, living: readonly Pid[]): boolean {
    const state = this.#deps.availability(pid);
    return state !== 'unknown' && (state !== 'draining' || living.some((other) => samePid(other, pid)));
  }

  nobody(to: EntityAddress): Error {
    const offering = namesOf(this.directory.offers(to.type));
    return new NotRegisteredError(
      `No node can start the entity ${nameOf(to)}; nothing was executed. Nodes that offer ${quoteText(to.type)}: ${offering}.`,
    );
  }

  suspects({ type }: EntityAddress): readonly string[] {
    const { availability } = this.#deps;
    const suspected = this.directory
      .offers(type)
      .filter(({ pid, full }) => !full && availability(pid) === 'suspect');
    return suspected.slice(0, MOST_NAMES).map(({ node }) => node);
  }

  // What lives here

  /** The types that this node offers, and what lives of them here. */
  get hosted(): readonly HostedType[] {
    return [...(this.#host?.types.values() ?? [])];
  }

  /** Offers an entity type, as soon as this node knows what lives elsewhere. @throws InvalidArgumentError */
  mount(entityClass: EntityClass): void {
    const host = this.#hosting();
    host.mount(entityClass);
    void (this.isReady ? this.#offer() : this.ready());
  }

  /** Ends an entity, wherever it lives. @returns Whether it lived. */
  async stop(type: string, key: Key, reason: string): Promise<boolean> {
    return await this.#tellHostOf(type, key, 'stop', { reason });
  }

  /** Moves an entity to a node. @returns Whether it is there. @throws InvalidArgumentError if the node does not offer the type. */
  async move(type: string, key: Key, node: string): Promise<boolean> {
    await this.ready();
    hostOn(this.directory, type, node);
    return await this.#tellHostOf(type, key, 'move', { node });
  }

  /**
   * The host at which an entity of a type is to be; undefined: any will do.
   *
   * @throws InvalidArgumentError if only nodes that offer the type can tell.
   */
  placeOf(type: string, key: Key): Host | undefined {
    const hosted = this.#host?.types.get(type);
    if (hosted !== undefined) return this.#host?.refusals.placeOf(hosted, key);
    if (this.directory.offers(type).every(({ guard }) => guard === 'view'))
      return this.directory.candidates(type, key)[0];
    throw new InvalidArgumentError(
      `Only nodes that offer ${quoteText(type)} know where its entities are to be. Nothing was moved.`,
    );
  }

  /** Starts and takes no more entities, because this node is about to say that it leaves. Calls are told so. */
  stopStarting(): void {
    if (this.#host === undefined) return;
    this.#host.isOpen = false;
    this.#arrivals!.giveUpAll();
  }

  /**
   * Gives the entities of this node to others, because it leaves; ends those that nobody takes. Never rejects.
   *
   * @param timeoutMs What is not over then starts afresh when it is called.
   */
  async drain(timeoutMs: number): Promise<void> {
    const host = this.#host;
    if (host === undefined) return;
    const { timers } = this.#deps;
    const until = timers.now() + timeoutMs;
    this.stopStarting();
    await this.#moves!.leave(timeoutMs, (target) => this.#settle(target));
    await withTimeout(host.freed(), Math.max(0, until - timers.now()), timers);
  }

  /** A node is gone. */
  nodeLost(incarnation: string): void {
    this.#arrivals?.nodeLost(incarnation);
    this.#merges?.nodeLost(incarnation);
  }

  /** Passes time for idle entities only; see `EntityHost.passIdleTime`. */
  passIdleTime(ms: number): void {
    this.#host?.passIdleTime(ms);
  }

  stats(): EntitiesStats {
    const { hosted } = this;
    const total = noCounts();
    for (const { counts } of hosted) addCounts(total, counts);
    return {
      living: Object.fromEntries(hosted.map(({ type, lives }) => [type.name, lives.size])),
      ended: { ...this.#host?.ended },
      paused: hosted.reduce((sum, { pauses }) => sum + pauses.size, 0),
      ...total,
      byType: Object.fromEntries(hosted.map(({ type, counts }) => [type.name, structuredClone(counts)])),
    };
  }

  /** Never rejects: nobody awaits it where the node is just made. */
  async #begin(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      this.#deps.onWarning(
        'entities',
        'The scopes of entities did not start; no entity can be called here',
        error,
      );
    }
  }

  async #start(): Promise<void> {
    const { ensureScope, whenSynced } = this.#deps;
    ensureScope({ name: HOSTS_SCOPE, keys: 'unique' });
    ensureScope({ name: ENTITIES_SCOPE, keys: 'unique' });
    const synced = (): Promise<void> => new Promise((resolve) => whenSynced(resolve));
    await synced();
    if (this.#deps.hasPeers()) {
      // Race: a peer that starts these scopes in the same moment has not said so yet.
      await new Promise<void>((resolve) =>
        this.#deps.timers.setTimer(MEETING_MS, resolve, { keepAlive: true }),
      );
      await synced();
    }
    await this.#offer();
    this.isReady = true;
  }

  /** Offers what this node hosts, and resolves when every peer knows: nobody starts an entity elsewhere from then on whose place is here. */
  async #offer(): Promise<void> {
    const host = this.#host;
    if (host === undefined) return;
    this.#watch();
    host.offer();
    await this.#deps
      .scope(HOSTS_SCOPE)
      .replicated({ timeoutMs: SETTLE_MS })
      .catch(() => undefined);
  }

  /** Follows entities elsewhere, before anything can live here. */
  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    // As the root process: what first uses entities may be a handler, and a subscription ends with its process.
    const { processes } = this.#deps;
    processes.current.enter(processes.root, undefined, () =>
      this.#deps
        .scope(ENTITIES_SCOPE)
        .monitorScope()
        .subscribe((event) => this.#onEvent(event)),
    );
  }

  #hosting(): EntityHost {
    if (this.#host !== undefined) return this.#host;
    const host = new EntityHost(this.#deps, this.directory);
    const arrivals = new Arrivals(this.#deps, this.directory, host);
    const merges = new Merges(this.#deps, this.directory, host);
    const moves = new Moves(this.#deps, this.directory, host);
    const isLate = this.#ready !== undefined;
    this.#host = host;
    this.#arrivals = arrivals;
    this.#merges = merges;
    this.#moves = moves;
    const settle = (target: Host): Promise<unknown> => this.#settle(target);
    const deps = { ...this.#deps, directory: this.directory, host, arrivals, merges, moves, settle };
    host.open(hostHandlers(deps));
    this.#deps.calls.exits.takeOrders(host.process, hostOrders(deps));
    if (isLate) this.#ready = this.#begin();
    return host;
  }

  async #tellHostOf(
    type: string,
    key: Key,
    order: string,
    more: Readonly<Record<string, Value>>,
  ): Promise<boolean> {
    await this.ready();
    const [pid] = this.directory.living(type, key);
    const host = pid && this.directory.hostAt(type, pid);
    if (host === undefined) return false;
    return (await this.#deps.calls.outgoing.exit(host.pid, { order, type, key, ...more }, TELL_MS)) === true;
  }

  #settle(target: Host): Promise<unknown> {
    return this.#deps.calls.outgoing.call(target.pid, 'settle', null, { timeoutMs: 2 * SETTLE_MS });
  }

  /** Never throws: RxJS would end the process. */
  #onEvent(event: ScopeEvent): void {
    try {
      if (event.type === 'join') this.#onJoin(event);
      if (event.type === 'leave') this.#onLeave(event);
    } catch (error) {
      this.#deps.onWarning('entities', 'What happened to an entity elsewhere could not be followed', error);
    }
  }

  #onJoin({ key, entries }: MembershipEvent): void {
    const found = this.#hostedOf(key);
    const life = found?.hosted.lives.get(found.key);
    if (found === undefined || life === undefined) return;
    for (const { pid } of entries) {
      if (!this.#deps.processes.isLocal(pid)) void this.#merges!.met(found.hosted, life, pid);
    }
  }

  #onLeave({ key, entries, cause }: MembershipEvent): void {
    const found = this.#hostedOf(key);
    if (found === undefined) return;
    const pids = entries.map(({ pid }) => pid);
    this.#arrivals!.ended(found.hosted, found.key, pids);
    if (cause === 'node-down') this.#onLoss(found);
  }

  /** Restarts at once what a lost node had, if its class says so and its place is here now. */
  #onLoss({ hosted, key: entityKey }: { readonly hosted: HostedType; readonly key: Key }): void {
    const host = this.#host;
    if (host === undefined || hosted.type.restart !== 'eager') return;
    const isPlace = (): boolean => this.#isPlace(host, hosted, entityKey);
    if (isPlace()) host.restart(hosted, entityKey, isPlace);
  }

  /** Whether an entity that does not live is to be started here, without being asked for. */
  #isPlace(host: EntityHost, hosted: HostedType, key: Key): boolean {
    const { name } = hosted.type;
    if (!host.isOpen || hosted.isFull || hosted.lives.has(key) || this.directory.living(name, key).length > 0)
      return false;
    if (host.refusals.ofType(hosted, key) !== undefined) return false;
    const place = host.refusals.placeOf(hosted, key) ?? this.directory.candidates(name, key)[0];
    return place?.pid === host.process.pid;
  }

  #hostedOf(entry: Key): { hosted: HostedType; key: Key } | undefined {
    if (!isArray(entry)) return undefined;
    const [type, key] = entry;
    const hosted = typeof type === 'string' ? this.#host?.types.get(type) : undefined;
    return hosted === undefined || key === undefined ? undefined : { hosted, key };
  }
}
