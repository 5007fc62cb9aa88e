import { randomInt } from 'node:crypto';
import { FRAME_OVERHEAD_BYTES, incarnationOf } from '../wire';
import { PeerProtocol } from '../protocol';
import { Calls, type CallTracer } from '../calls';
import { Processes } from '../lifetime';
import { ProcessService } from '../process';
import type { ListenerToken, RegistryListener, ScopeDeps } from '../scope';
import { HashSeed, PidInterner } from '../term';
import type { Transport } from '../transport';
import { type Clock, guardedClock, systemClock } from './clock';
import { type ChannelEvents, ConnectionChannel } from './connection-channel';
import { ErrorLog, LimitedLog, type NodeLogger, ScopeLogs, stderrLogger } from './logger';
import { NodeObservables } from './node-observables';
import type { NodeObserver } from './node-observer';
import { type NodeOptions, type NormalNodeOptions, normalNodeOptions } from './node-options';
import { type NodeEffect, ProtocolDriver } from './protocol-driver';
import { ReplicationWaits } from './replication-waits';
import { RunningScopes } from './running-scopes';
import { replicateScope } from './scope-replication';
import { ScopeResolver } from './scope-resolver';
import { Waits } from './waits';

/** What a node is given by the program that it is part of. Everything but the transport of last resort has a default. */
export interface NodeDeps {
  /** Makes the transport if the options name none. */
  readonly defaultTransport: () => Transport;
  /** Where the node logs. Default: warnings and errors go to stderr. */
  readonly logger?: NodeLogger;
  /** The log of one scope. Default: the `logger`. */
  readonly scopeLogger?: (scope: string) => NodeLogger;
  /** The time and the timers. Default: those of the Node.js process. */
  readonly clock?: Clock;
  /** Finds the listener behind a token. Default: finds none. */
  readonly resolveListener?: (token: ListenerToken) => RegistryListener | undefined;
  /** Records calls and the runs of handlers. Default: they are not recorded. */
  readonly tracer?: CallTracer | undefined;
  /** Hears how long syncs and writes take. Default: none. */
  readonly observer?: NodeObserver | undefined;
}

/** The parts of one node, wired to one another; nothing has been started. */
export interface NodeParts {
  readonly options: NormalNodeOptions;
  readonly incarnation: string;
  readonly clock: Clock;
  readonly log: ErrorLog;
  /** For lines that may come again and again. */
  readonly limitedLog: LimitedLog;
  readonly scopeLogs: ScopeLogs;
  readonly protocol: PeerProtocol;
  readonly driver: ProtocolDriver;
  readonly waits: Waits;
  readonly processes: Processes;
  readonly scopes: RunningScopes;
  readonly replicationWaits: ReplicationWaits;
  readonly channel: ConnectionChannel;
  readonly calls: Calls;
  readonly service: ProcessService;
  readonly observables: NodeObservables;
}

/**
 * Makes the parts of a node and wires them.
 *
 * @param onEffect Called with every effect that the driver does not run itself.
 * @throws InvalidOptionError naming an option that is unknown or wrong.
 */
export function createNodeParts(
  given: NodeOptions,
  {
    defaultTransport,
    logger = stderrLogger,
    scopeLogger = () => logger,
    clock: givenClock = systemClock,
    resolveListener = () => undefined,
    tracer,
  }: NodeDeps,
  onEffect: (effect: NodeEffect) => void,
): NodeParts {
  const options = normalNodeOptions(given, defaultTransport);
  const { limits, namespace } = options;
  const clock = guardedClock(givenClock, (error) =>
    limitedLog.error('timer', 'A timer of the node failed', error),
  );
  const epoch = clock.wall();
  const identity = { node: options.node, incarnation: incarnationOf(options.node, randomInt(2 ** 32)) };
  const log = new ErrorLog(logger);
  const limited = (to: ErrorLog): LimitedLog =>
    new LimitedLog(to, options.protocol.warnIntervalMs, () => clock.now());
  const limitedLog = limited(log);
  const scopeLogs = new ScopeLogs((scope) => limited(new ErrorLog(scopeLogger(scope))));
  const waits = new Waits(clock);
  const seed = new HashSeed(randomInt(2 ** 32), randomInt(2 ** 32));
  const pids = new PidInterner(seed);
  const random = Math.random;

  const processes = new Processes({
    ...identity,
    pids,
    onObserverError: (error) => limitedLog.error('exit', 'An observer of an exit threw', error),
  });
  const protocol = new PeerProtocol({
    ...identity,
    epoch,
    namespace,
    pids,
    limits,
    random,
    options: options.protocol,
  });
  const driver = new ProtocolDriver({
    protocol,
    clock,
    waits,
    onEffect,
    onError: (error) =>
      limitedLog.error('step', 'A step of the node failed; it goes on with the next one', error),
  });
  const replicationWaits = new ReplicationWaits(clock);

  const host: ScopeDeps = {
    processes,
    pids,
    seed,
    limits,
    numbers: entryNumbers(),
    logger: { error: (scope, ...line) => scopeLogs.of(scope).error(...line) },
    resolveListener,
    send: (pid, message) => calls.outgoing.send(pid, message),
  };
  const replication = { protocol, clock, driver, waits: replicationWaits };
  const scopes = new RunningScopes(host, (scope) => replicateScope(scope, replication));
  const resolver = new ScopeResolver(scopes);
  const channel = new ConnectionChannel(
    protocol,
    {
      onFrame: (...message) => driver.run(protocol.receive(...message, clock.now())),
      onNoResponders: (token, node) => {
        calls.port.noResponders(token);
        // A reason to probe the node, not to suspect it.
        driver.run(protocol.hint(node, clock.now()));
      },
    } satisfies ChannelEvents,
    options.protocol.maxFrameBytes - FRAME_OVERHEAD_BYTES,
  );
  const calls = new Calls({
    ...identity,
    pids,
    // What travels in a call has to fit into a frame, not into an entry.
    limits: { ...limits, maxValueBytes: channel.maxBodyBytes },
    processes,
    timers: clock,
    random,
    channel,
    resolver,
    peers: protocol,
    tracer,
    remoteStacks: options.remoteStacks,
    onWarning: (...line) => limitedLog.warn(...line),
  });
  const service = new ProcessService({
    processes,
    calls,
    registrar: resolver,
    timers: clock,
    exitTimeoutMs: options.exitTimeoutMs,
    mailboxCapacity: options.mailboxCapacity,
    onWarning: (message, error) => limitedLog.warn('process', message, error),
  });
  const { incarnation } = identity;
  return {
    options,
    incarnation,
    clock,
    log,
    limitedLog,
    scopeLogs,
    protocol,
    driver,
    waits,
    processes,
    scopes,
    replicationWaits,
    channel,
    calls,
    service,
    observables: new NodeObservables(),
  };
}

/** One sequence for all scopes and runs of the node, so that (incarnation, number) is the id of one entry for ever. */
function entryNumbers(): { next(): number } {
  let last = 0;
  return { next: () => (last += 1) };
}
