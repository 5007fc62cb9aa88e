import { LEAST_MAX_PAYLOAD } from '../cluster';
import { withTimeout } from '../lifetime';
import { ScopeNotRunningError, TransportError, messageOfThrown } from '../term';
import type { Connection, ConnectionNeeds, ConnectionStatus } from '../transport';
import type { Sender } from '../wire';
import type { NodeComponents } from './node-components';
import type { NodeState } from './node-stats';
import type { NodeObservation } from './observed-node';

/** How much longer than the protocol's own limit a drain waits for its end: the connection may be lost meanwhile. */
const DRAIN_ACK_MARGIN_MS = 500;
/** How long the store may take to hear that the names of this node are free. */
const NAMES_RELEASE_MS = 1000;
/** How long the broker may take for the goodbye. */
const GOODBYE_FLUSH_MS = 1000;

/**
 * The life of a node: how it joins the cluster, and how it leaves in order, so that nobody's call fails because of it.
 *
 *     new ── connect() ──► connecting ── connected ──► ready ── drain() ──► draining ── close() ──► stopped
 *      ▲                       │
 *      └── no server answers ──┘
 *
 *     any but fenced  ── close() ──► stopped
 *     any but stopped ── a younger node has taken the name ──► fenced: its processes end, without a goodbye
 *     ready ── the owner of the connection has closed it for good ──► draining ──► stopped, as by drain() and close()
 *
 * A drain: peers stop picking this node and say so; then other calls are refused, so that callers ask another member; calls in
 * flight finish; processes end and entries leave. A goodbye: scopes stop, the root process ends, pending frames and the goodbye
 * are sent, the connection is flushed and closed. Outgoing calls work until the goodbye.
 */
export class NodeLifecycle {
  #state: NodeState = 'new';
  #connection: Connection | undefined;
  /** Ends the attempt to connect when the node leaves before there is a connection. */
  readonly #leaving = new AbortController();
  #isDrainAcknowledged = false;
  #drained: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  readonly #components: NodeComponents;
  readonly #observation: NodeObservation;

  constructor(components: NodeComponents, observation: NodeObservation) {
    this.#components = components;
    this.#observation = observation;
  }

  get state(): NodeState {
    return this.#state;
  }

  /** The connection; undefined before the first. It outlives a disconnect, because the transport reconnects it. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** @throws ScopeNotRunningError if the node has stopped */
  checkAlive(): void {
    if (this.#state !== 'stopped' && this.#state !== 'fenced') return;
    throw new ScopeNotRunningError(
      `Node '${this.#name}' has ${this.#state === 'fenced' ? 'been superseded' : 'stopped'}.`,
    );
  }

  /** Connects, once. @throws TransportError as `PgRegistryNode.connect` does */
  async connect(): Promise<void> {
    if (this.#state !== 'new') return;
    this.#state = 'connecting';
    const connection = await this.#dial();
    // Race: asked to leave while it was connecting, by a signal for example. It must not appear in the cluster any more.
    if (this.state !== 'connecting') {
      await connection.close();
      throw this.#stoppedEarly();
    }
    this.#state = 'ready';
    this.#connection = connection;
    const { driver, channel, protocol, clock, observables, limits, calls, waits, clusterLog, names } =
      this.#components;
    driver.attach(connection, calls.port);
    channel.attach(connection);
    this.#observation.port?.attach(connection);
    // First: the peers may answer before the next turn of the event loop.
    waits.when(
      () => protocol.hasDiscovered,
      () => clusterLog.joined(connection.server),
    );
    limits.limit(connection.maxPayload);
    driver.run(protocol.connected(connection.serverId, clock.now(), connection.maxPayload));
    observables.connected(true);
    names.connected();
  }

  /** Drains, once; never rejects. @param timeoutMs How long calls in flight may take */
  async drain(timeoutMs: number): Promise<void> {
    this.#drained ??= this.#drain(timeoutMs);
    await this.#drained;
  }

  /** Every peer has acknowledged that this node drains, or had the time to. */
  drainAcknowledged(): void {
    this.#isDrainAcknowledged = true;
  }

  /** Leaves the cluster, once; never rejects. */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  /** A younger node has taken this one's name. */
  fenced({ incarnation, epoch }: Sender): void {
    const { log, protocol } = this.#components;
    log.error(
      `Node '${this.#name}' (incarnation ${protocol.incarnation}, start time ${isoTime(protocol.epoch)}) has been superseded: a younger ` +
        `node of the same name runs, incarnation ${incarnation}, start time ${isoTime(epoch)}. This node has stopped and its entries are ` +
        'gone; give every instance a name of its own.',
    );
    // Now, and not when the application closes, which may be never: what its processes have open is saved when they end.
    this.#endProcesses();
    this.#end('fenced', `Superseded by a younger node named '${this.#name}'.`);
  }

  get #name(): string {
    return this.#components.options.node;
  }

  async #dial(): Promise<Connection> {
    const { options, protocol, driver, clock, limitedLog } = this.#components;
    try {
      return await options.transport.connect({
        node: this.#name,
        replies: protocol.subjects.replies(),
        timeoutMs: options.connectTimeoutMs,
        signal: this.#leaving.signal,
        service: this.#observation.service,
        ...(options.requirePermissions && { needs: this.#needs() }),
        onStatus: (status) => this.#onStatus(status),
        onNoResponders: (reply) => this.#noResponders(reply),
        onRefused: (subject) => this.#worksWithout(subject),
        onGone: (node) => driver.run(protocol.hint(node, clock.now())),
        onError: (error) =>
          limitedLog.error('transport', 'The transport reported an error', error, messageOfThrown(error)),
        onWarning: (message, kind) =>
          limitedLog.warn(kind ?? 'transport', message, undefined, kind === undefined ? message : undefined),
      });
    } catch (error) {
      if (this.state !== 'connecting') throw this.#stoppedEarly();
      this.#state = 'new';
      throw error;
    }
  }

  /** What the broker must allow: every subscription, and of each form of subjects a message that nobody receives. */
  #needs(): ConnectionNeeds {
    const { protocol, channel, scopes } = this.#components;
    const { subjects } = protocol;
    return {
      subscribe: [
        ...protocol.subscriptions(),
        ...channel.subscriptions(),
        ...scopes.names().map((scope) => subjects.everyOps(scope)),
        subjects.replies(),
      ],
      publish: [
        subjects.announce('permitted'),
        subjects.to(this.#name, 'permitted'),
        subjects.alive('nobody-permitted'),
        subjects.reply(this.#name, 'permitted'),
      ],
      maxPayload: LEAST_MAX_PAYLOAD,
    };
  }

  #stoppedEarly(): TransportError {
    return new TransportError(`Node '${this.#name}' was stopped before it had connected.`);
  }

  /** Nobody listens where a bundle was sent: its calls end, and its node is probed. */
  #noResponders(reply: string): void {
    const { calls, driver, protocol, clock } = this.#components;
    const node = calls.port.noResponders(reply.slice(reply.lastIndexOf('.') + 1));
    if (node !== undefined) driver.run(protocol.hint(node, clock.now()));
  }

  /** A node may be permitted everything but to end processes of others: `permissionsOf(namespace, node, { exit: false })`. */
  #worksWithout(subject: string): boolean {
    const { protocol, calls } = this.#components;
    const route = protocol.subjects.parse(subject);
    if (route?.route !== 'to' || route.kind !== 'exit') return false;
    calls.exitRefused(route.to);
    return true;
  }

  #onStatus(status: ConnectionStatus): void {
    const { driver, protocol, clock, observables, limits, clusterLog, names } = this.#components;
    const connection = this.#connection;
    const maxPayload = connection?.maxPayload ?? Infinity;
    switch (status.type) {
      case 'connected':
        clusterLog.reconnected(connection?.server ?? '');
        observables.connected(true);
        limits.limit(maxPayload);
        driver.run(protocol.connected(status.serverId, clock.now(), maxPayload));
        return names.connected();
      case 'disconnected':
        clusterLog.disconnected(connection?.server ?? '');
        observables.connected(false);
        names.disconnected();
        return driver.run(protocol.disconnected(clock.now()));
      case 'max-payload':
        limits.limit(maxPayload);
        return driver.run(protocol.limited(maxPayload, clock.now()));
      case 'closed':
        return this.#connectionClosed(status.error);
    }
  }

  /** Nobody can open the connection again but the application. The node ends in order, as far as that goes without its peers. */
  #connectionClosed(error: Error | undefined): void {
    if (this.#state === 'stopped' || this.#state === 'fenced') return;
    const { log, observables, driver, protocol, clock, options } = this.#components;
    log.error(
      `The connection of node '${this.#name}' was closed for good: ${error?.message ?? 'by its owner'}. The node ` +
        'stops; its peers drop its entries. Restart the application.',
    );
    observables.connected(false);
    driver.run(protocol.disconnected(clock.now()));
    this.#connection = undefined;
    void this.#leaveAlone(options.drainMs);
  }

  /** Never rejects, because nobody awaits it. */
  async #leaveAlone(drainMs: number): Promise<void> {
    await this.drain(drainMs);
    await this.close();
  }

  async #drain(timeoutMs: number): Promise<void> {
    const { protocol, driver, clock, calls, scopes, processes, service, names } = this.#components;
    if (this.#state === 'stopped' || this.#state === 'fenced') return service.settled();
    this.#state = 'draining';
    this.#leaving.abort();
    names.stopCampaigns();
    // Before others hear of it: they start those entities themselves from then on.
    this.#components.entities.stopStarting();
    driver.run(protocol.drain(clock.now()));
    if (this.#connection?.isConnected === true) await this.#acknowledgements();
    // Before calls are refused: those to entities find them where they are now, or where they have gone.
    await this.#components.entities.drain(timeoutMs);
    // What a peer sent before its receipt has arrived before it. The inbox stays: a call that the broker has already handed
    // to a subscription that ends would only time out.
    calls.refuse();
    await this.#callsInFlight(timeoutMs);
    // After the work that they protect, and before their processes end.
    await names.end(NAMES_RELEASE_MS);
    // Before its name is free: on another node somebody may load what it is still saving.
    await service.endAll('shutdown');
    processes.exitChildren('shutdown');
    scopes.leaveAll();
    await service.settled();
  }

  async #acknowledgements(): Promise<void> {
    const { waits, options } = this.#components;
    const limitMs = options.protocol.drainAckMs + DRAIN_ACK_MARGIN_MS;
    const acknowledged = waits.until(
      () => this.#isDrainAcknowledged,
      limitMs,
      () => new Error('Not every peer has acknowledged the drain.'),
    );
    await acknowledged.catch(() => undefined);
  }

  async #callsInFlight(timeoutMs: number): Promise<void> {
    const { calls, clock, log } = this.#components;
    if (await withTimeout(calls.mailboxes.idle(), timeoutMs, clock)) return;
    log.warn(
      `${calls.mailboxes.inFlight} calls were still being handled ${timeoutMs} ms into the drain; their callers get an error.`,
    );
  }

  async #close(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#leaving.abort();
    const connection = this.#connection;
    await this.#goodbye();
    this.#end('stopped', `Node '${this.#name}' has left the cluster.`);
    if (connection === undefined) return;
    const { clock, log } = this.#components;
    // Not connected, or the broker is frozen: then nobody hears the goodbye, and the peers see a crash instead.
    await withTimeout(connection.flush(), GOODBYE_FLUSH_MS, clock).catch(() => false);
    await connection.close().catch((error: unknown) => log.error('Closing the connection failed', error));
  }

  /** Observers complete without leave events, monitors elsewhere hear why processes ended; the goodbye is the last word. */
  async #goodbye(): Promise<void> {
    const { protocol, driver, clock, service, names } = this.#components;
    // Before the goodbye, which lets others take the names at once.
    await names.end(NAMES_RELEASE_MS);
    this.#endProcesses();
    await service.settled();
    driver.run(protocol.goodbye(clock.now()));
  }

  /** Observers complete first, so that they hear no leave events. `onProcessExit` runs afterwards: {@link ProcessService.settled}. */
  #endProcesses(): void {
    const { scopes, processes } = this.#components;
    scopes.stopAll();
    processes.exitAll('shutdown');
  }

  /** Nothing goes in or out any more. */
  #end(state: 'stopped' | 'fenced', reason: string): void {
    const { driver, scopes, waits, replicationWaits, channel, calls, observables, clusterLog, names } =
      this.#components;
    const { service, processes } = this.#components;
    this.#state = state;
    clusterLog.end();
    names.close();
    driver.stop();
    scopes.stopAll();
    channel.detach();
    this.#observation.port?.detach();
    this.#observation.answers?.follows.close();
    calls.close();
    const error = new TransportError(reason);
    waits.rejectAll(error);
    replicationWaits.rejectAll(error);
    observables.complete();
    // What processes do at their end, they do as themselves.
    void service.settled().then(() => processes.close());
  }
}

function isoTime(epoch: number): string {
  return new Date(epoch).toISOString();
}
