import { incarnationOf, leaseBucket, leaseSubject, type VersionRange } from '../wire';
import { PeerProtocol } from '../protocol';
import { Calls, type CallTracer } from '../calls';
import { Entities } from '../entities';
import { Processes } from '../lifetime';
import { ProcessService } from '../process';
import type { ListenerToken, RegistryListener, ScopeDeps } from '../scope';
import { HashSeed, PidInterner } from '../term';
import { ClusterNames, NAMES_SCOPE } from '../names';
import type { Connection, Transport } from '../transport';
import { systemClock } from './clock';
import { ClusterLog } from './cluster-log';
import { type ChannelEvents, ConnectionChannel } from './connection-channel';
import { droppedText } from './inbound-backlog';
import { createLogs, type LogDeps, type Logs } from './node-logs';
import { NodeObservables } from './node-observables';
import type { NodeTelemetry } from './node-telemetry';
import { type NodeOptions, type NormalNodeOptions, normalNodeOptions } from './node-options';
import { type NodeEffect, ProtocolDriver } from './protocol-driver';
import { ReplicationWaits } from './replication-waits';
import { NodeScopes } from './node-scopes';
import { replicateScope } from './scope-replication';
import { ScopeResolver } from './scope-resolver';
import { SizeLimits } from './size-limits';
import { createRecorders, type Recorders } from './recorders';
import { unguessableRandom, unguessableText } from './unguessable';
import { Waits } from './waits';

/** What a node is given by the program that it is part of. Everything but the transport of last resort has a default. */
export interface NodeDeps extends LogDeps {
  /** Makes the transport if the options name none. */
  readonly defaultTransport: () => Transport;
  /** Finds the listener behind a token. Default: finds none. */
  readonly resolveListener?: (token: ListenerToken) => RegistryListener | undefined;
  /** Records calls and the runs of handlers. Default: they are not recorded. */
  readonly tracer?: CallTracer | undefined;
  /** The versions of the protocol that the node speaks, for tests. Default: all that there are. */
  readonly versions?: VersionRange | undefined;
  /** Hears how long syncs and writes take. Default: none. */
  readonly telemetry?: NodeTelemetry | undefined;
  /** Returns numbers in [0, 1), for simulations. Default: numbers that nobody can guess. */
  readonly random?: () => number;
}

/** The components of one node, wired to one another; nothing has been started. */
export interface NodeComponents extends Logs {
  readonly options: NormalNodeOptions;
  readonly incarnation: string;
  /** Says who joins and who goes. */
  readonly clusterLog: ClusterLog;
  readonly limits: SizeLimits;
  readonly protocol: PeerProtocol;
  readonly driver: ProtocolDriver;
  readonly waits: Waits;
  readonly processes: Processes;
  readonly scopes: NodeScopes;
  readonly replicationWaits: ReplicationWaits;
  readonly channel: ConnectionChannel;
  readonly calls: Calls;
  readonly service: ProcessService;
  readonly entities: Entities;
  readonly observables: NodeObservables;
  readonly names: ClusterNames;
  /** What is kept for those who look into the node. */
  readonly recorders: Recorders;
  readonly pids: PidInterner;
  /** Returns a text that nobody can guess, another one each time. */
  readonly token: () => string;
}

/**
 * Makes the components of a node and wires them.
 *
 * @param onEffect Called with every effect that the driver does not run itself.
 * @param connection Returns the present connection.
 * @throws InvalidOptionError naming an option that is unknown or wrong.
 */
export function createNodeComponents(
  given: NodeOptions,
  deps: NodeDeps,
  onEffect: (effect: NodeEffect) => void,
  connection: () => Connection | undefined,
): NodeComponents {
  const options = normalNodeOptions(given, deps.defaultTransport);
  const logs = createLogs(options, deps);
  const { clock, limitedLog } = logs;
  const { random = unguessableRandom() } = deps;
  const random32 = (): number => Math.floor(random() * 2 ** 32);
  const identity = { node: options.node, incarnation: incarnationOf(options.node, random32()) };
  const seed = new HashSeed(random32(), random32());
  const limits = new SizeLimits(options.limits, options.protocol);
  const recorders = createRecorders(options, deps.clock ?? systemClock, deps.tracer);
  const shared: Shared = {
    ...logs,
    options,
    limits,
    identity,
    seed,
    pids: new PidInterner(seed),
    random,
  };
  const processes = new Processes({
    ...identity,
    pids: shared.pids,
    onObserverError: (error) => limitedLog.error('exit', 'An observer of an exit threw', error),
  });
  const protocol = createProtocol(shared, deps);
  const waits = new Waits(clock);
  const driver = new ProtocolDriver({
    protocol,
    clock,
    waits,
    onEffect,
    onDropped: (sender) => limitedLog.warn('backlog', () => droppedText(sender)),
    onError: (error) =>
      limitedLog.error('step', 'A step of the node failed; it goes on with the next one', error),
  });
  const replicationWaits = new ReplicationWaits(clock);
  const scopes: NodeScopes = new NodeScopes(
    {
      ...scopeDeps(shared, deps, processes, (pid, message) => calls.outgoing.send(pid, message)),
      ...(options.observer !== false && { recorder: recorders.journal }),
      runningScopes: () => scopes.names(),
    },
    (scope) => replicateScope(scope, { protocol, clock, driver, waits: replicationWaits }),
    options.protocol.maxScopes,
  );
  const resolver = new ScopeResolver(scopes);
  const channel = createChannel(shared, protocol, driver);
  const calls = createCalls(shared, {
    processes,
    resolver,
    protocol,
    channel,
    tracer: deps.tracer,
    recorders,
  });
  const service = createProcessService(shared, processes, calls, resolver);
  const names = createNames(shared, { processes, scopes, calls }, connection, deps.telemetry);
  return {
    ...logs,
    options,
    limits,
    incarnation: identity.incarnation,
    clusterLog: createClusterLog(shared, protocol),
    protocol,
    driver,
    waits,
    processes,
    scopes,
    replicationWaits,
    channel,
    calls,
    service,
    entities: createEntities(
      shared,
      { processes, calls, service, scopes, protocol, waits, names },
      deps.telemetry,
    ),
    observables: new NodeObservables(() => protocol.peers()),
    names,
    recorders,
    pids: shared.pids,
    token: () => unguessableText(random),
  };
}

/** What most components of one node are given. */
interface Shared extends Logs {
  readonly options: NormalNodeOptions;
  readonly limits: SizeLimits;
  readonly identity: { readonly node: string; readonly incarnation: string };
  readonly seed: HashSeed;
  readonly pids: PidInterner;
  readonly random: () => number;
}

function createProtocol(
  { options, identity, clock, pids, random }: Shared,
  { versions }: NodeDeps,
): PeerProtocol {
  const { namespace, limits, protocol } = options;
  return new PeerProtocol({
    ...identity,
    epoch: clock.wall(),
    namespace,
    pids,
    limits,
    random,
    options: protocol,
    ...(versions && { versions }),
  });
}

function createClusterLog({ options, log, clock }: Shared, protocol: PeerProtocol): ClusterLog {
  const { node, namespace } = options;
  return new ClusterLog({
    node,
    namespace,
    log,
    clock,
    peers: () => protocol.peers().map((peer) => peer.node),
  });
}

function scopeDeps(
  { limits, pids, seed, clock, scopeLogs }: Shared,
  { resolveListener = () => undefined }: NodeDeps,
  processes: Processes,
  send: ScopeDeps['send'],
): Omit<ScopeDeps, 'runningScopes'> {
  return {
    processes,
    pids,
    seed,
    limits: limits.entries,
    numbers: { last: 0 },
    afterTurn: (run) => clock.afterTurn(run),
    logger: { error: (scope, ...line) => scopeLogs.of(scope).error(...line) },
    resolveListener,
    send,
  };
}

function createChannel(
  { limits, clock }: Shared,
  protocol: PeerProtocol,
  driver: ProtocolDriver,
): ConnectionChannel {
  const events: ChannelEvents = {
    onFrame: driver.receive,
    onExit: driver.receiveExit,
    // A reason to probe the node, not to suspect it.
    onNoResponders: (node) => driver.run(protocol.hint(node, clock.now())),
  };
  return new ConnectionChannel(protocol, limits, events);
}

function createCalls(
  { options, limits, identity, clock, pids, limitedLog, random }: Shared,
  {
    processes,
    resolver,
    protocol,
    channel,
    tracer,
    recorders,
  }: Pick<NodeComponents, 'processes' | 'protocol' | 'channel' | 'recorders'> &
    Pick<NodeDeps, 'tracer'> & { readonly resolver: ScopeResolver },
): Calls {
  return new Calls({
    ...identity,
    pids,
    limits: limits.messages,
    maxHeapBytes: options.protocol.maxPeerBytes,
    processes,
    timers: clock,
    random,
    callLimits: options.calls,
    channel,
    resolver,
    peers: protocol,
    tracer,
    ...(options.observer !== false && { meter: recorders.meter }),
    remoteStacks: options.remoteStacks,
    onWarning: (...line) => limitedLog.warn(...line),
  });
}

function createEntities(
  { options, limits, clock, pids, limitedLog, random }: Shared,
  parts: Pick<NodeComponents, 'processes' | 'calls' | 'service' | 'scopes' | 'protocol' | 'waits' | 'names'>,
  telemetry: NodeTelemetry | undefined,
): Entities {
  const { processes, calls, service, scopes, protocol, waits, names } = parts;
  return new Entities({
    processes,
    calls,
    service,
    scope: (name) => scopes.service(name),
    entriesOf: (scope, key) => scopes.running(scope)?.table.lookup(key) ?? [],
    ensureScope: (scope) => scopes.ensure(scope),
    whenSynced: (run) => {
      if (protocol.synced) run();
      else waits.when(() => protocol.synced, run);
    },
    namesOf: (process) => names.forEntities(process),
    hasPeers: () => protocol.hasPeers,
    availability: (pid) => protocol.availability(pid),
    timers: clock,
    limits: limits.messages,
    pids,
    peerTimeoutMs: options.protocol.peerTimeoutMs,
    random,
    onStarting: telemetry?.starting,
    onWarning: (...line) => limitedLog.warn(...line),
  });
}

function createProcessService(
  { options, clock, limitedLog }: Shared,
  processes: Processes,
  calls: Calls,
  registrar: ScopeResolver,
): ProcessService {
  return new ProcessService({
    processes,
    calls,
    registrar,
    timers: clock,
    exitTimeoutMs: options.exitTimeoutMs,
    mailboxCapacity: options.mailboxCapacity,
    onWarning: (message, error) => limitedLog.warn('process', message, error),
  });
}

function createNames(
  { options, limits, identity, clock, pids, limitedLog, random }: Shared,
  { processes, scopes, calls }: Pick<NodeComponents, 'processes' | 'scopes' | 'calls'>,
  connection: () => Connection | undefined,
  telemetry: NodeTelemetry | undefined,
): ClusterNames {
  const { names, namespace, protocol } = options;
  const created: ClusterNames = new ClusterNames({
    ...identity,
    options: names,
    processes,
    pids,
    limits: limits.entries,
    timers: clock,
    wall: () => clock.wall(),
    random,
    confirmMs: protocol.confirmMs,
    exitTimeoutMs: options.exitTimeoutMs,
    onClaiming: telemetry?.claiming,
    scope: () => scopes.ensure(NAMES_SCOPE),
    openStore: ({ bucket = leaseBucket(namespace), replicas }) => {
      const present = connection();
      if (present === undefined) return 'not-connected';
      return present.leaseStore?.({ namespace, subject: leaseSubject(namespace), bucket, replicas });
    },
    onWarning: (...line) => limitedLog.warn(...line),
    onError: (...line) => limitedLog.error(...line),
  });
  calls.outgoing.useNames(created);
  return created;
}
