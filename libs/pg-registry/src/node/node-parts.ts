import { randomInt } from 'node:crypto';
import { type Effect } from '../cluster';
import { FRAME_OVERHEAD_BYTES, incarnationOf } from '../wire';
import { PeerProtocol } from '../protocol';
import { Calls, type CallTracer } from '../calls';
import { Processes } from '../lifetime';
import { ProcessService } from '../process';
import type { ListenerToken, RegistryListener, ScopeDeps } from '../scope';
import { PidInterner } from '../term';
import type { Transport } from '../transport';
import { type Clock, systemClock } from './clock';
import { ClusterResolver } from './cluster-resolver';
import { type ChannelEvents, ConnectionChannel } from './connection-channel';
import { ErrorLog, LimitedLog, type NodeLogger, ScopeLogs, stderrLogger } from './logger';
import type { NodeObserver } from './node-observer';
import { type NodeOptions, type NormalNodeOptions, normalNodeOptions } from './node-options';
import { type NodeEffect, ProtocolDriver } from './protocol-driver';
import { Replications } from './replications';
import { RunningScopes, type ScopeStreams } from './running-scopes';
import { Waits } from './waits';

/** What a node takes from the program it is part of. All of it has a default but the transport of last resort. */
export interface NodeSurroundings {
  /** Makes the transport if the options name none. */
  readonly defaultTransport: () => Transport;
  /** Default: warnings and errors to stderr. */
  readonly logger?: NodeLogger;
  /** For what concerns one scope. Default: the `logger`. */
  readonly scopeLogger?: (scope: string) => NodeLogger;
  /** Default: that of the Node.js process. */
  readonly clock?: Clock;
  /** Finds the listener behind a token; default: nobody is found. */
  readonly resolveListener?: (token: ListenerToken) => RegistryListener | undefined;
  /** Records calls and the runs of handlers. Default: nobody does. */
  readonly tracer?: CallTracer | undefined;
  /** Told what takes time. Default: nobody is. */
  readonly observer?: NodeObserver | undefined;
}

/** The parts of one node, wired to one another; nothing has been started. */
export interface NodeParts {
  readonly options: NormalNodeOptions;
  readonly incarnation: string;
  readonly clock: Clock;
  readonly log: ErrorLog;
  /** For what may happen again and again. */
  readonly limitedLog: LimitedLog;
  readonly scopeLogs: ScopeLogs;
  readonly protocol: PeerProtocol;
  readonly driver: ProtocolDriver;
  readonly waits: Waits;
  readonly processes: Processes;
  readonly scopes: RunningScopes;
  readonly replications: Replications;
  readonly channel: ConnectionChannel;
  readonly calls: Calls;
  readonly service: ProcessService;
}

/**
 * Makes the parts of a node and wires them.
 *
 * @param onEffect Told of every effect that the driver does not run itself.
 * @throws InvalidOptionError naming an option that is unknown or wrong.
 */
export function assemble(
  given: NodeOptions,
  {
    defaultTransport,
    logger = stderrLogger,
    scopeLogger = () => logger,
    clock = systemClock,
    resolveListener = () => undefined,
    tracer,
  }: NodeSurroundings,
  onEffect: (effect: NodeEffect) => void,
): NodeParts {
  const options = normalNodeOptions(given, defaultTransport);
  const { limits, namespace } = options;
  const epoch = clock.wall();
  const identity = { node: options.node, incarnation: incarnationOf(options.node, randomInt(2 ** 32)) };
  const log = new ErrorLog(logger);
  const limited = (to: ErrorLog): LimitedLog =>
    new LimitedLog(to, options.protocol.warnIntervalMs, () => clock.now());
  const limitedLog = limited(log);
  const scopeLogs = new ScopeLogs((scope) => limited(new ErrorLog(scopeLogger(scope))));
  const waits = new Waits(clock);
  const pids = new PidInterner();
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
  const driver = new ProtocolDriver(protocol, clock, onEffect, () => waits.look());
  const replications = new Replications(protocol, clock, (effects: readonly Effect[]) => driver.run(effects));

  const host: ScopeDeps = {
    processes,
    pids,
    limits,
    numbers: entryNumbers(),
    logger: { error: (scope, ...line) => scopeLogs.of(scope).error(...line) },
    resolveListener,
    send: (pid, message) => calls.outgoing.send(pid, message),
  };
  const scopes = new RunningScopes(host, streamsOf(protocol, driver, clock), replications);
  const resolver = new ClusterResolver(protocol, scopes);
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
    replications,
    channel,
    calls,
    service,
  };
}

/** One sequence for all scopes and runs of the node: (incarnation, number) names an entry for ever. */
function entryNumbers(): { next(): number } {
  let last = 0;
  return { next: () => (last += 1) };
}

function streamsOf(protocol: PeerProtocol, driver: ProtocolDriver, clock: Clock): ScopeStreams {
  return {
    start: ({ name, options: { keys }, table }) =>
      driver.run(protocol.startScope({ scope: name, keys, table }, clock.now())),
    stop: (name) => driver.run(protocol.stopScope(name, clock.now())),
  };
}
