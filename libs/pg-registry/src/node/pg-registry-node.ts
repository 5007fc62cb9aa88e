import type { Observable } from 'rxjs';
import type { PeerEvent, PeerView } from '../cluster';
import { type EntityClass, EntityService } from '../entities';
import type { ProcessService } from '../process';
import { type PgRegistryService, scopeName, type ScopeOptions } from '../scope';
import { InvalidArgumentError, isPid, OptionChecks, type Pid, quoteText, TransportError } from '../term';
import type { ClusterNames } from '../names';
import type { Connection } from '../transport';
import type { PgRegistryObserver } from '../observer';
import type { NodeTelemetry } from './node-telemetry';
import { type NodeObservation, observeNode } from './observed-node';
import type { NodeOptions } from './node-options';
import { createNodeComponents, type NodeDeps, type NodeComponents } from './node-components';
import { checkHealth, checkLiveness, type NodeHealth, type NodeLiveness } from './node-health';
import { NodeLifecycle } from './node-lifecycle';
import { lineOf, type NodeState, type NodeStats, statsOf } from './node-stats';
import type { NodeEffect } from './protocol-driver';

const DEFAULT_SYNCED_TIMEOUT_MS = 5000;
const DEFAULT_HEALTH_TIMEOUT_MS = 1000;
const CHECKS = {
  synced: new OptionChecks('The node goes on syncing.', 'synced()'),
  drain: new OptionChecks('The node was not drained.', 'drain()'),
  health: new OptionChecks('Nothing was asked.', 'health()'),
};
/** So many nodes are named in an error. */
const MOST_NAMES = 5;

/**
 * One node of the cluster: its identity, its scopes and processes, and its peers. One Nest application is one node.
 *
 * Everything exists from construction: writes before {@link connect} travel with the first sync. Reads never wait; methods that ask
 * other nodes return a Promise. The states of its life are drawn in `node-lifecycle.ts`.
 */
export class PgRegistryNode {
  /** Unique among the living nodes of the namespace. */
  readonly name: string;
  /** New at each start: 16 hexadecimal digits, half of them random. It tells a node from its predecessor of the same name. */
  readonly incarnation: string;
  /** The processes of this node, and calls to those of the whole cluster. */
  readonly processes: ProcessService;
  /** Names that one process of the whole cluster holds at a time. */
  readonly names: ClusterNames;
  /** The entities of the whole cluster. */
  readonly entities: EntityService;
  /** Looks into the cluster: nodes, scopes, entries, processes, and what happens. */
  readonly observer: PgRegistryObserver;
  readonly #components: NodeComponents;
  readonly #lifecycle: NodeLifecycle;
  readonly #telemetry: NodeTelemetry;
  /** When a sync ended last, in milliseconds since 1970. */
  #lastSyncAt: number | undefined;
  #mounter: ((moduleRef: unknown) => void) | undefined;

  /** @throws InvalidOptionError naming an option that is unknown or wrong; nothing was started. */
  constructor(options: NodeOptions, deps: NodeDeps) {
    const connection = (): Connection | undefined => this.#lifecycle.connection;
    this.#components = createNodeComponents(options, deps, this.#runEffect, connection);
    this.#telemetry = deps.telemetry ?? {};
    const observation: NodeObservation = observeNode(this.#components, {
      status: () => this.#lifecycle,
      stats: () => this.stats(),
      drain: () => void this.drain(),
    });
    this.observer = observation.observer;
    this.#lifecycle = new NodeLifecycle(this.#components, observation);
    const {
      options: normal,
      incarnation,
      service,
      entities,
      driver,
      protocol,
      clock,
      scopes,
    } = this.#components;
    this.name = normal.node;
    this.incarnation = incarnation;
    this.processes = service;
    this.names = this.#components.names;
    this.entities = new EntityService(service, entities, (scope) => scopes.service(scope));
    driver.run(protocol.start(clock.now()));
    for (const scope of normal.scopes) scopes.start(scope);
  }

  /** Where the node is in its life. */
  get state(): NodeState {
    return this.#lifecycle.state;
  }

  /** The peers as they are now, then again after each change. Completes when the node stops. */
  get peers$(): Observable<readonly PeerView[]> {
    return this.#components.observables.peers$;
  }

  /** Whether the node is connected, then again after each change. Completes when the node stops. */
  get connected$(): Observable<boolean> {
    return this.#components.observables.connected$;
  }

  /** What happens to peers: up, suspect, recovered, draining, removed, rejected. Completes when the node stops. */
  get peerEvents$(): Observable<PeerEvent> {
    return this.#components.observables.events$;
  }

  /** The other nodes of the cluster that this one knows, suspects included. Mirrors `erlang:nodes/0`. */
  peers(): readonly PeerView[] {
    return this.#components.protocol.peers();
  }

  /**
   * Whether the node of this pid is this one, or a peer that is not suspected of being gone. O(1).
   *
   * @throws InvalidArgumentError for anything but a Pid.
   */
  reachable(pid: Pid): boolean {
    if (!isPid(pid)) throw new InvalidArgumentError('reachable() must be given the Pid of a process.');
    return this.#components.protocol.isReachable(pid.incarnation);
  }

  /**
   * The registry of a scope: the same object for the same name, before, between and after the scope's runs.
   *
   * @throws InvalidOptionError if the name is not valid. The scope need not run until it is used.
   */
  scope(scope: string | ScopeOptions): PgRegistryService {
    return this.#components.scopes.service(scopeName(scope));
  }

  /**
   * Starts a scope. Peers that run it hear of it at once and exchange their entries with this node.
   *
   * @throws ScopeAlreadyStartedError carrying the running registry; InvalidOptionError for wrong options;
   *   ScopeNotRunningError if the node has stopped.
   */
  startScope(scope: string | ScopeOptions): PgRegistryService {
    this.#lifecycle.checkAlive();
    return this.#components.scopes.start(scope);
  }

  /**
   * The running scope, started if it is not running.
   *
   * @throws InvalidOptionError naming both sets of options if it runs with others than asked for here.
   */
  ensureScope(scope: string | ScopeOptions): PgRegistryService {
    this.#lifecycle.checkAlive();
    return this.#components.scopes.ensure(scope);
  }

  /**
   * Stops a scope: its Observables complete without leave events, peers drop this node's entries at once, members live on
   * unregistered. Reads and writes then throw `ScopeNotRunningError`, until it is started again.
   *
   * @returns False if it did not run.
   */
  stopScope(scope: string | ScopeOptions): boolean {
    const name = scopeName(scope);
    this.#components.recorders.syncs.delete(name);
    return this.#components.scopes.stop(name);
  }

  /**
   * Connects and sends a hello. It does not wait for peers, {@link synced} does. A second call returns at once.
   *
   * @throws TransportError naming the servers and the reason, within `connectTimeoutMs`; also if the node is drained or closed
   *   meanwhile. Nothing is left open.
   */
  async connect(): Promise<void> {
    await this.#lifecycle.connect();
  }

  /**
   * Resolves when every peer's entries of the scopes that run here have arrived: at once if there are no peers. It waits for no peer
   * that announces entries and sends none of them for `syncPatienceMs`; {@link health} names these peers as `givenUp`. While the broker
   * refuses something that the node needs it does not resolve, because then the node may not hear of its peers.
   *
   * @param options How long it may take.
   * @param options.timeoutMs Milliseconds ≥ 0; Infinity for no limit. Default 5000.
   * @throws TransportError naming the peers that it waited for when the time is over; what has arrived stays, and the rest goes on
   *   arriving. InvalidOptionError for a wrong or unknown option.
   */
  async synced(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    const { waits, protocol } = this.#components;
    const timeoutMs = timeoutOf('synced', options, DEFAULT_SYNCED_TIMEOUT_MS);
    const problem = (): string | undefined => this.#lifecycle.connection?.problem;
    await waits.until(
      () => protocol.synced && problem() === undefined,
      timeoutMs,
      () => notSynced(protocol.arrivals().awaited, timeoutMs, problem()),
    );
  }

  /**
   * Prepares to leave: peers are told and stop picking this node for calls, calls in flight are finished, then every
   * entry of this node leaves. Outgoing calls go on working. Idempotent.
   *
   * @param options How long it may take.
   * @param options.timeoutMs For calls in flight, after at most `drainAckMs` for the peers' receipts.
   *   Milliseconds ≥ 0; Infinity for no limit. Default: the option `drainMs`.
   * @throws InvalidOptionError for a wrong or unknown option, and for nothing else.
   */
  async drain(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    await this.#lifecycle.drain(timeoutOf('drain', options, this.#components.options.drainMs));
  }

  /**
   * Leaves the cluster: processes end, peers are told, the connection is flushed and closed unless it was given from
   * outside. Idempotent; never rejects.
   */
  async close(): Promise<void> {
    await this.#lifecycle.close();
  }

  /** Figures of this node at this moment. Cost: the number of scopes and peers. */
  stats(): NodeStats {
    return statsOf(this.#components, this.#lifecycle);
  }

  /**
   * Tells whether this node works: it is part of the cluster and connected, its own steps are on time, and the broker answers.
   * Suspected peers, and peers whose entries are missing, do not make it unhealthy.
   *
   * @param options How long it may take.
   * @param options.timeoutMs For the broker to answer, in milliseconds ≥ 0; Infinity for no limit. Default 1000.
   * @throws InvalidOptionError for a wrong or unknown option, and for nothing else.
   */
  async health(options: { readonly timeoutMs?: number | undefined } = {}): Promise<NodeHealth> {
    const timeoutMs = timeoutOf('health', options, DEFAULT_HEALTH_TIMEOUT_MS);
    return await checkHealth(this.#components, this.#lifecycle, this.#lastSyncAt, timeoutMs);
  }

  /**
   * Tells whether only a restart can help this node: a younger node has taken its name, it has stopped for good, or its timers have stood
   * still for ten seconds. A node that is disconnected, syncs or drains is alive. Asks nobody; costs nothing.
   */
  liveness(): NodeLiveness {
    return checkLiveness(this.#components, this.#lifecycle);
  }

  /**
   * Mounts what a lazily loaded module brings: its `@RegisterVia` providers are registered, its listeners and `@OnMembership` methods begin.
   * Nest tells nobody when a module is loaded lazily, so the code that loads it says so:
   * `node.mount(await lazyModuleLoader.load(() => ReportsModule))`.
   *
   * Idempotent: what is mounted already stays as it is. Does nothing before the application has bootstrapped, which mounts everything
   * anyway, and once the node drains.
   *
   * @param moduleRef What Nest's `LazyModuleLoader.load` resolves to.
   * @throws InvalidArgumentError unless it is a ModuleRef. As at the bootstrap: InvalidOptionError for a decorator that cannot work where
   *   it is, AlreadyRegisteredError for a unique key that is held; none of the module's providers is mounted then.
   */
  mount(moduleRef: object): void {
    if (this.#mounter === undefined) {
      throw new InvalidArgumentError('mount() needs a node of PgRegistryModule. Nothing was mounted.');
    }
    this.#mounter(moduleRef);
  }

  /** @internal Sets what mounts modules, once. */
  useMounter(mounter: (moduleRef: unknown) => void): void {
    this.#mounter = mounter;
  }

  /** @internal Offers an entity type on this node. @throws InvalidArgumentError */
  mountEntity(type: EntityClass): void {
    this.#components.entities.mount(type);
  }

  /** @internal While so much is on its way to the broker that what can wait should: a promise of the end of that, which never rejects. */
  congestion(): Promise<void> | undefined {
    return this.#components.channel.congestion();
  }

  /** @internal Passes time for idle entities of this node only. */
  passIdleTime(ms: number): void {
    this.#components.entities.passIdleTime(ms);
  }

  /** @internal Logs an error that a listener of a scope threw, in the scope's context, at most one line of a kind per interval. */
  logFailure(scope: string, kind: string, message: string, error: unknown): void {
    this.#components.scopeLogs.of(scope).error(kind, message, error);
  }

  /** What `console.log` and `util.inspect` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return lineOf(this.#components, this.#lifecycle);
  }

  /** A field, because it is passed on as a function. */
  readonly #runEffect = (effect: NodeEffect): void => {
    switch (effect.type) {
      case 'peer':
        return this.#onPeer(effect.event);
      case 'replicated':
        return this.#components.replicationWaits.settle(effect);
      case 'drained':
        return this.#lifecycle.drainAcknowledged();
      case 'fenced':
        return this.#lifecycle.fenced(effect.by);
      case 'synced':
        this.#lastSyncAt = this.#components.clock.wall();
        this.#components.recorders.syncs.set(effect.scope, this.#lastSyncAt);
        return this.#telemetry.synced?.(effect);
      case 'lag':
        return this.#telemetry.propagated?.(effect);
      case 'warn':
        return this.#warn(effect);
    }
  };

  #warn({ reason, message, scope }: Extract<NodeEffect, { type: 'warn' }>): void {
    const { limitedLog, scopeLogs } = this.#components;
    (scope === undefined ? limitedLog : scopeLogs.of(scope)).warn(reason, message);
  }

  #onPeer(event: PeerEvent): void {
    const { calls, observables, clusterLog, names, entities } = this.#components;
    clusterLog.peer(event);
    if (this.#components.options.observer !== false) this.#components.recorders.journal.peer(event);
    if (event.type === 'peer-up' || event.type === 'peer-recovered') {
      calls.peerUp(event);
      names.returned(event.incarnation);
    }
    if (event.type === 'peer-removed') {
      calls.peerRemoved(event);
      const { reason } = event;
      if (reason === 'crash' || reason === 'goodbye') names.departed(event.incarnation, reason);
      entities.nodeLost(event.incarnation);
    }
    observables.peer(event);
  }
}

/** Returns the only option of a method of the node, or its default. @throws InvalidOptionError */
function timeoutOf(
  method: keyof typeof CHECKS,
  options: { readonly timeoutMs?: number | undefined },
  byDefault: number,
): number {
  const checks: OptionChecks = CHECKS[method];
  checks.names(options, ['timeoutMs']);
  const { timeoutMs = byDefault } = options;
  return checks.timeout('timeoutMs', timeoutMs);
}

function notSynced(
  awaited: readonly string[],
  timeoutMs: number,
  problem: string | undefined,
): TransportError {
  if (problem !== undefined) {
    return new TransportError(`Not in sync after ${timeoutMs} ms: ${problem}. The node goes on trying.`);
  }
  const what =
    awaited.length === 0
      ? `Not connected for long enough to know every peer after ${timeoutMs} ms`
      : `The entries of ${namesOf(awaited)} have not arrived after ${timeoutMs} ms`;
  return new TransportError(
    `${what}. Nothing is lost: what has arrived stays, and the rest goes on arriving.`,
    {},
  );
}

/** The first names of a list; in a large cluster it may have a thousand. */
function namesOf(nodes: readonly string[]): string {
  const more = nodes.length - MOST_NAMES;
  return nodes.slice(0, MOST_NAMES).map(quoteText).join(', ') + (more > 0 ? ` and ${more} more nodes` : '');
}
