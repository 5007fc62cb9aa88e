import { randomBytes } from 'node:crypto';
import type { Observable } from 'rxjs';
import {
  type Effect,
  FRAME_OVERHEAD_BYTES,
  PeerProtocol,
  type PeerEvent,
  type PeerView,
  type Sender,
} from '../protocol';
import { Calls, Processes, ProcessService } from '../process';
import {
  type ListenerToken,
  type PgRegistryService,
  type RegistryListener,
  type ScopeHost,
  scopeName,
  type ScopeOptions,
} from '../scope';
import { type Pid, PidInterner, ScopeNotRunningError, TransportError } from '../term';
import type { Connection, ConnectionStatus, Transport } from '../transport';
import { type Clock, systemClock } from './clock';
import { ClusterResolver } from './cluster-resolver';
import { type ChannelEvents, ConnectionChannel } from './connection-channel';
import { describeError, type NodeLogger, stderrLogger } from './logger';
import { type NodeOptions, type NormalNodeOptions, normalNodeOptions } from './node-options';
import type { NodeState, NodeStats } from './node-stats';
import { PeerList } from './peer-list';
import { type NodeEffect, ProtocolDriver } from './protocol-driver';
import { Replications } from './replications';
import { RunningScopes, type ScopeStreams } from './running-scopes';
import { Waits } from './waits';

/** What a node takes from the program it is part of. All of it has a default but the transport of last resort. */
export interface NodeSurroundings {
  /** Makes the transport if the options name none. */
  readonly defaultTransport: () => Transport;
  readonly logger?: NodeLogger;
  readonly clock?: Clock;
  /** Finds the listener behind a token; default: nobody is found. */
  readonly resolveListener?: (token: ListenerToken) => RegistryListener | undefined;
}

const DEFAULT_SYNCED_TIMEOUT_MS = 5000;
const DEFAULT_DRAIN_TIMEOUT_MS = 10_000;
/** How much longer than the protocol's own limit a drain waits for its end. */
const DRAIN_GRACE_MS = 500;

/**
 * One node of the cluster: its identity, its scopes and processes, and its peers. One Nest application is one node.
 *
 * Everything exists from construction: what is written before {@link connect} travels with the first sync. Reads never
 * wait; what has to ask others returns a Promise.
 */
export class PgRegistryNode {
  /** Unique among the living nodes of the namespace. */
  readonly name: string;
  /** 64 random bits, new at each start: 16 hexadecimal digits. Tells a node from its predecessor of the same name. */
  readonly incarnation: string;
  readonly processes: ProcessService;

  readonly #options: NormalNodeOptions;
  readonly #clock: Clock;
  readonly #logger: NodeLogger;
  readonly #protocol: PeerProtocol;
  readonly #driver: ProtocolDriver;
  readonly #processes: Processes;
  readonly #scopes: RunningScopes;
  readonly #replications: Replications;
  readonly #peers = new PeerList();
  readonly #channel: ConnectionChannel;
  readonly #calls: Calls;
  readonly #waits: Waits;
  #connection: Connection | undefined;
  #state: NodeState = 'new';
  #drainAcknowledged = false;
  #drained: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /**
   * @throws InvalidOptionError naming an option that is unknown or wrong; nothing was started.
   */
  constructor(options: NodeOptions, surroundings: NodeSurroundings) {
    const { logger = stderrLogger, clock = systemClock, resolveListener = () => undefined } = surroundings;
    this.#options = normalNodeOptions(options, surroundings.defaultTransport);
    this.#logger = logger;
    this.#clock = clock;
    this.name = this.#options.node;
    this.incarnation = randomBytes(8).toString('hex');

    const pids = new PidInterner();
    const { limits, namespace, protocol } = this.#options;
    const identity = { node: this.name, incarnation: this.incarnation };
    const onObserverError = (error: unknown): void => this.#logError('An observer of an exit threw', error);
    this.#processes = new Processes({ ...identity, pids, onObserverError });
    const epoch = clock.wall();
    this.#protocol = new PeerProtocol({
      ...identity,
      epoch,
      namespace,
      pids,
      limits,
      random: Math.random,
      options: protocol,
    });
    this.#waits = new Waits(clock);
    const onSettled = (): void => this.#waits.look();
    this.#driver = new ProtocolDriver(this.#protocol, clock, (effect) => this.#runEffect(effect), onSettled);
    const run = (effects: readonly Effect[]): void => this.#driver.run(effects);
    this.#replications = new Replications(this.#protocol, clock, run);
    this.#scopes = new RunningScopes(this.#host(pids, resolveListener), this.#streams(), this.#replications);
    this.#channel = new ConnectionChannel(
      this.#protocol,
      this.#channelEvents(),
      protocol.maxFrameBytes - FRAME_OVERHEAD_BYTES,
    );
    const resolver = new ClusterResolver(this.#protocol, this.#scopes);
    this.#calls = new Calls({
      ...identity,
      pids,
      limits: { ...limits, maxValueBytes: this.#channel.maxBodyBytes },
      processes: this.#processes,
      timers: clock,
      random: Math.random,
      channel: this.#channel,
      resolver,
      remoteStacks: this.#options.remoteStacks,
      onWarning: (_reason, message, error) => this.#logWarning(message, error),
    });
    this.processes = new ProcessService({
      processes: this.#processes,
      calls: this.#calls,
      registrar: resolver,
      timers: clock,
      exitTimeoutMs: this.#options.exitTimeoutMs,
      mailboxCapacity: this.#options.mailboxCapacity,
      onWarning: (message, error) => this.#logWarning(message, error),
    });
    run(this.#protocol.start(clock.now()));
    for (const scope of this.#options.scopes) this.#scopes.start(scope);
  }

  /** Where the node is in its life. */
  get state(): NodeState {
    return this.#state;
  }

  /** The peers as they are now, then again after each change. Completes when the node stops. */
  get peers$(): Observable<readonly PeerView[]> {
    return this.#peers.peers$;
  }

  /** What happens to peers: up, suspect, recovered, draining, removed, rejected. Completes when the node stops. */
  get peerEvents$(): Observable<PeerEvent> {
    return this.#peers.events$;
  }

  /** The other nodes of the cluster that this one knows, suspects included. Mirrors `erlang:nodes/0`. */
  peers(): readonly PeerView[] {
    return this.#protocol.peers();
  }

  /** Whether the node of this pid is this one, or a peer that is not suspected of being gone. O(1). */
  reachable(pid: Pid): boolean {
    return this.#protocol.reachable(pid.incarnation);
  }

  /**
   * The registry of a scope: the same object for the same name, before, between and after the scope's runs.
   *
   * @throws InvalidOptionError if that is no name of a scope. A scope that does not run is no error until it is used.
   */
  scope(scope: string | ScopeOptions): PgRegistryService {
    return this.#scopes.service(scopeName(scope));
  }

  /**
   * Starts a scope. Peers that run it learn of it at once and exchange their entries with this node.
   *
   * @throws ScopeAlreadyStartedError carrying the running registry; InvalidOptionError for wrong options;
   *   ScopeNotRunningError if the node has stopped.
   */
  startScope(scope: string | ScopeOptions): PgRegistryService {
    this.#checkAlive();
    return this.#scopes.start(scope);
  }

  /**
   * The running scope, started if it is not running.
   *
   * @throws InvalidOptionError naming both sets of options if it runs with others than asked for here.
   */
  ensureScope(scope: string | ScopeOptions): PgRegistryService {
    this.#checkAlive();
    return this.#scopes.ensure(scope);
  }

  /**
   * Stops a scope: its Observables complete without leave events, peers drop this node's entries at once, members live on
   * unregistered. Reads and writes then throw `ScopeNotRunningError`, until it is started again.
   *
   * @returns false if it did not run.
   */
  stopScope(scope: string | ScopeOptions): boolean {
    return this.#scopes.stop(scopeName(scope));
  }

  /**
   * Connects and says hello. Does not wait for peers: {@link synced} does. The second call returns at once.
   *
   * @throws TransportError naming the servers and the reason, within `connectTimeoutMs`.
   */
  async connect(): Promise<void> {
    if (this.#state !== 'new') return;
    this.#state = 'connecting';
    try {
      this.#connection = await this.#options.transport.connect({
        node: this.name,
        replies: this.#protocol.subjects.replies(),
        timeoutMs: this.#options.connectTimeoutMs,
        onStatus: (status) => this.#onStatus(status),
        onError: (error) => this.#logger.error(error.message, error.stack),
        onWarning: (message) => this.#logger.warn(message),
      });
    } catch (error) {
      this.#state = 'new';
      throw error;
    }
    this.#state = 'ready';
    const { serverId, maxPayload } = this.#connection;
    this.#driver.attach(this.#connection);
    this.#channel.attach(this.#connection);
    this.#driver.run(this.#protocol.connected(serverId, this.#clock.now(), maxPayload));
  }

  /**
   * Resolves when every peer's entries of the scopes that run here have arrived: at once if there are no peers.
   *
   * @param options.timeoutMs Default 5000.
   * @throws TransportError when the time is over; what has arrived stays, and the rest goes on arriving.
   */
  async synced({
    timeoutMs = DEFAULT_SYNCED_TIMEOUT_MS,
  }: { readonly timeoutMs?: number } = {}): Promise<void> {
    await this.#waits.until(
      () => this.#protocol.synced,
      timeoutMs,
      () =>
        new TransportError(
          `Not in sync with every peer after ${timeoutMs} ms; it goes on in the background.`,
          {},
        ),
    );
  }

  /**
   * Prepares to leave: peers are told and stop picking this node for calls, calls in flight are finished, then every
   * entry of this node leaves. Outgoing calls go on working. Idempotent; never rejects.
   *
   * @param options.timeoutMs How long calls in flight may take, after at most `drainAckMs` for the peers' receipts.
   *   Default 10,000.
   */
  async drain({ timeoutMs = DEFAULT_DRAIN_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#drained ??= this.#drain(timeoutMs);
    await this.#drained;
  }

  /**
   * Leaves the cluster: processes end, peers are told, the connection is flushed and closed unless it was given from
   * outside. Idempotent; never rejects.
   */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  /** Figures of this node at this moment. Cost: the number of scopes. */
  stats(): NodeStats {
    const scopes = this.#scopes.names().map((name) => {
      const service = this.#scopes.service(name);
      return [name, { entries: service.count(), local: service.countLocal() }] as const;
    });
    return {
      state: this.#state,
      connected: this.#connection?.isConnected ?? false,
      processes: this.#processes.size,
      scopes: Object.fromEntries(scopes),
      protocol: this.#protocol.stats(),
    };
  }

  async #drain(timeoutMs: number): Promise<void> {
    if (this.#state === 'ready') {
      this.#state = 'draining';
      this.#driver.run(this.#protocol.drain(this.#clock.now()));
      // The protocol keeps the time limit of the receipts; this one is for a connection that is lost meanwhile.
      const limitMs = this.#options.protocol.drainAckMs + DRAIN_GRACE_MS;
      await this.#waits
        .until(
          () => this.#drainAcknowledged,
          limitMs,
          () => new Error(),
        )
        .catch(() => undefined);
      this.#channel.refuseCalls();
      // Calls that were sent before the broker heard of it have been delivered when the flush returns.
      await this.#connection?.flush().catch(() => undefined);
      this.#calls.refuse();
    }
    await this.#idle(timeoutMs);
    this.#processes.exitChildren('shutdown');
    this.#scopes.leaveAll();
    await this.processes.settled();
  }

  async #idle(timeoutMs: number): Promise<void> {
    let idle = false;
    const becomesIdle = this.#calls.idle().then(() => {
      idle = true;
      this.#waits.look();
    });
    const stillBusy = (): Error =>
      new Error(
        `${this.#calls.inFlight} calls were still being handled after ${timeoutMs} ms; their callers get an error.`,
      );
    await Promise.race([becomesIdle, this.#waits.until(() => idle, timeoutMs, stillBusy)]).catch(
      (error: unknown) => this.#logWarning(describeError(error).message),
    );
  }

  async #close(): Promise<void> {
    if (this.#state === 'stopped') return;
    const connection = this.#connection;
    // In this order: observers complete without leave events, monitors of other nodes hear why processes ended, and the
    // goodbye is the last word.
    for (const name of this.#scopes.names()) this.#scopes.stop(name);
    this.#processes.exitAll('shutdown');
    await this.processes.settled();
    this.#driver.run(this.#protocol.goodbye(this.#clock.now()));
    this.#end('stopped', `Node '${this.name}' has left the cluster.`);
    // Not connected: there is nobody to flush to, and the peers see the crash instead of the goodbye.
    await connection?.flush().catch(() => undefined);
    await connection
      ?.close()
      .catch((error: unknown) => this.#logError('Closing the connection failed', error));
  }

  /** Nothing goes in or out any more. */
  #end(state: 'stopped' | 'fenced', reason: string): void {
    this.#state = state;
    this.#driver.stop();
    for (const name of this.#scopes.names()) this.#scopes.stop(name);
    const error = new TransportError(reason);
    this.#waits.rejectAll(error);
    this.#replications.rejectAll(error);
    this.#channel.detach();
    this.#calls.close();
    this.#peers.complete();
  }

  #onStatus(status: ConnectionStatus): void {
    const now = this.#clock.now();
    switch (status.type) {
      case 'connected':
        return this.#driver.run(this.#protocol.connected(status.serverId, now, this.#connection?.maxPayload));
      case 'disconnected':
        return this.#driver.run(this.#protocol.disconnected(now));
      case 'closed':
        this.#logger.error(
          `The connection of node '${this.name}' was closed for good: ${status.error?.message ?? 'by its owner'}. The node ` +
            'has stopped; its peers drop its entries. Restart the application.',
        );
        return this.#end('stopped', 'The connection was closed.');
    }
  }

  #runEffect(effect: NodeEffect): void {
    switch (effect.type) {
      case 'diff':
        return this.#scopes.deliver(effect.scope, effect.diff, effect.cause);
      case 'peer':
        return this.#onPeer(effect.event);
      case 'deliver':
        return this.#calls.receive(effect.kind, effect.from, effect.body, effect.reply);
      case 'replicated':
        return this.#replications.settle(effect);
      case 'drained':
        this.#drainAcknowledged = true;
        return;
      case 'fenced':
        return this.#onFenced(effect.by);
      case 'warn':
        return this.#logger.warn(effect.message);
    }
  }

  #onPeer(event: PeerEvent): void {
    if (event.type === 'peer-up') this.#calls.peerUp(event);
    if (event.type === 'peer-removed') this.#calls.peerRemoved(event);
    this.#peers.publish(event, this.#protocol.peers());
  }

  #onFenced(by: Sender): void {
    this.#logger.error(
      `Node '${this.name}' (incarnation ${this.incarnation}) has been superseded: a younger node of the same name runs, ` +
        `incarnation ${by.incarnation}. This node has stopped and its entries are gone; give every instance a name of its own.`,
    );
    this.#end('fenced', `Superseded by a younger node named '${this.name}'.`);
  }

  #host(pids: PidInterner, resolveListener: ScopeHost['resolveListener']): ScopeHost {
    let lastNumber = 0;
    return {
      processes: this.#processes,
      pids,
      limits: this.#options.limits,
      numbers: { next: () => ++lastNumber },
      logger: {
        warn: (message) => this.#logger.warn(message),
        error: (message, error) => this.#logError(message, error),
      },
      resolveListener,
      send: (pid, message) => this.processes.send(pid, message),
    };
  }

  #streams(): ScopeStreams {
    return {
      start: ({ name, options: { keys }, table }) =>
        this.#driver.run(this.#protocol.startScope({ scope: name, keys, table }, this.#clock.now())),
      stop: (name) => this.#driver.run(this.#protocol.stopScope(name, this.#clock.now())),
    };
  }

  #channelEvents(): ChannelEvents {
    const now = (): number => this.#clock.now();
    return {
      onFrame: (subject, bytes, reply) =>
        this.#driver.run(this.#protocol.receive(subject, bytes, reply, now())),
      onNoResponders: (token, node) => {
        this.#calls.noResponders(token);
        this.#driver.run(this.#protocol.hint(node, now()));
      },
    };
  }

  #checkAlive(): void {
    if (this.#state !== 'stopped' && this.#state !== 'fenced') return;
    throw new ScopeNotRunningError(
      `Node '${this.name}' has ${this.#state === 'fenced' ? 'been superseded' : 'stopped'}.`,
      {},
    );
  }

  #logWarning(message: string, error?: unknown): void {
    this.#logger.warn(error === undefined ? message : `${message}: ${describeError(error).message}`);
  }

  #logError(what: string, error: unknown): void {
    const { message, stack } = describeError(error);
    this.#logger.error(`${what}: ${message}`, stack);
  }
}
