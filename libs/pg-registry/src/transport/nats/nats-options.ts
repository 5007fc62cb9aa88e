import { InvalidOptionError, OptionChecks } from '../../term';
import type { SharedSecretOptions } from '../secret';
import { NATS_PACKAGES, type NatsPackage } from './client-package';
import { isNatsClient, type NatsClient, peek } from './nats-client';

/** Options of `natsTransport` that go with servers and with a connection alike. */
export interface NatsExtras {
  /**
   * An open connection, of `nats` 2 or `@nats-io/transport-node` 3, that may subscribe to `$SYS.ACCOUNT.*.DISCONNECT`: one of
   * the server's system account. Through it the server reports when a node's connection closes, so a crash is suspected before
   * the next probe. The transport never closes it; several nodes may share it. Default: none.
   */
  readonly systemConnection?: NatsClient;
  /**
   * Signs all messages with a secret that the nodes share, for a broker that cannot tell the nodes' users apart. Every node of the
   * cluster needs it. Default: messages are not signed.
   */
  readonly secret?: SharedSecretOptions;
  /**
   * Whether the node answers tools that look for services, as `nats micro ls`, `info` and `stats` do: with its name, version and handlers.
   * The broker must permit it: `permissionsOf(namespace, node, { services: true })`. Nobody can see more than that, but everybody who may
   * publish to `$SRV.>`. Default false.
   */
  readonly services?: boolean;
}

/** Options of `natsTransport` for a connection that the transport makes itself: those of the client `nats`, with other defaults. */
export interface NatsServerOptions extends NatsExtras {
  /** One URL or several, of servers of one cluster. */
  readonly servers: string | readonly string[];
  /** Not allowed together with `servers`. */
  readonly connection?: never;
  /**
   * The package whose client makes the connection: `'nats'` 2 or `'@nats-io/transport-node'` 3. Default: the one that is installed, `'nats'`
   * if both are. Options that are objects of a client, such as `authenticator`, must be of the same one.
   */
  readonly client?: NatsPackage;
  /** Name of the NATS user. */
  readonly user?: string;
  /** Password of that user. */
  readonly pass?: string;
  /** Token, instead of user and password. */
  readonly token?: string;
  /** One authenticator of the client, or several. */
  readonly authenticator?: unknown;
  /** TLS options of the client; `null` refuses TLS. */
  readonly tls?: object | null;
  /** The name under which the server lists the connection. Default: the node's name. */
  readonly name?: string;
  /** How often the client pings the server. Default 2000 ms; the client's own default is two minutes. */
  readonly pingInterval?: number;
  /** How many unanswered pings end the connection. Default 2. */
  readonly maxPingOut?: number;
  /** How long one attempt to connect or reconnect may take; longer if the server is slow to greet. Default 1000 ms. */
  readonly timeout?: number;
  /**
   * Whether the first connection may take as long as it likes: the node option `connectTimeoutMs` does not apply then. Refused
   * credentials and certificates end it all the same. Default false.
   */
  readonly waitOnFirstConnect?: boolean;
  /** How many rounds over all servers a reconnect may take. Default -1: without end. */
  readonly maxReconnectAttempts?: number;
  /** How long to wait between two rounds. Default 100 ms. */
  readonly reconnectTimeWait?: number;
  /** The longest random time that is added to that wait. Default 100 ms. */
  readonly reconnectJitter?: number;
  /** Returns how long to wait between two rounds, in milliseconds, instead of these two options. */
  readonly reconnectDelayHandler?: () => number;
  /** Whether the server does not send a node its own messages. Default true. */
  readonly noEcho?: boolean;
  /** Whether the servers are tried in the given order. Default false: in a random one. */
  readonly noRandomize?: boolean;
  /** Whether servers that the cluster announces are left out. Default false. */
  readonly ignoreClusterUpdates?: boolean;
  /** Has no effect: once connected, a node whose credentials are refused tries again whatever this says. */
  readonly ignoreAuthErrorAbort?: boolean;
  /** Whether a lost connection is made again. Default true; false makes the first loss final. */
  readonly reconnect?: boolean;
  /** Whether the client writes what it sends and receives to the console. Default false. */
  readonly debug?: boolean;
  /** Passed to the client as it is, like the following options; its documentation describes them. */
  readonly inboxPrefix?: string;
  /** Passed to the client. */
  readonly noAsyncTraces?: boolean;
  /** Passed to the client. */
  readonly pedantic?: boolean;
  /** Passed to the client. */
  readonly port?: number;
  /** Like `reconnectJitter`, for connections with `tls`. Default: that of `reconnectJitter`. */
  readonly reconnectJitterTLS?: number;
  /** Passed to the client. */
  readonly resolve?: boolean;
  /** Passed to the client. */
  readonly verbose?: boolean;
}

/** Options of `natsTransport` for a connection that the application made. The transport never closes it; it serves one node. */
export interface GivenConnection extends NatsExtras {
  /** An open connection, of `nats` 2 or `@nats-io/transport-node` 3. */
  readonly connection: NatsClient;
  /** Not allowed together with `connection`. */
  readonly servers?: never;
}

/** The options of `natsTransport`: servers to connect to, or a connection that is open already. */
export type NatsTransportOptions = NatsServerOptions | GivenConnection;

/** Defaults that differ from the client's own, with which a cluster notices a lost connection late (docs/performance-notes.md). */
export const CLIENT_DEFAULTS = Object.freeze({
  maxReconnectAttempts: -1,
  pingInterval: 2000,
  maxPingOut: 2,
  timeout: 1000,
  reconnectTimeWait: 100,
  reconnectJitter: 100,
  noEcho: true,
});

/** The largest values, in milliseconds, with which a connection of the application notices trouble in time. */
const WANTED = Object.freeze({ pingInterval: 2000, timeout: 1000, reconnectTimeWait: 250 });

/** The options that go with a connection of the application. */
const GIVEN_OPTIONS = ['connection', 'systemConnection', 'secret', 'services'];
/** The options that go with servers: those of both clients, and the transport's own. */
const SERVER_OPTIONS: readonly (keyof NatsServerOptions)[] = [
  'servers',
  'client',
  'systemConnection',
  'secret',
  'services',
  'user',
  'pass',
  'token',
  'authenticator',
  'tls',
  'name',
  'pingInterval',
  'maxPingOut',
  'timeout',
  'maxReconnectAttempts',
  'reconnectTimeWait',
  'reconnectJitter',
  'noEcho',
  'noRandomize',
  'ignoreClusterUpdates',
  'ignoreAuthErrorAbort',
  'reconnect',
  'debug',
  'inboxPrefix',
  'noAsyncTraces',
  'pedantic',
  'port',
  'reconnectDelayHandler',
  'reconnectJitterTLS',
  'resolve',
  'verbose',
  'waitOnFirstConnect',
];

const CHECKS: OptionChecks = new OptionChecks('Nothing was connected.', 'natsTransport()');

/**
 * Checks the options of `natsTransport`. The client checks the values of its own options itself, but ignores unknown names.
 *
 * @throws InvalidOptionError naming what is missing, unknown or wrong.
 */
export function checkNatsOptions(options: NatsTransportOptions): void {
  const servers = peek(options, 'servers');
  const connection = peek(options, 'connection');
  if ((servers === undefined) === (connection === undefined)) {
    const got = servers === undefined ? 'neither' : 'both';
    throw new InvalidOptionError(
      `natsTransport() must be given either 'servers' or 'connection' (got ${got}). Nothing was connected.`,
      { option: servers === undefined ? 'servers' : 'connection' },
    );
  }
  CHECKS.names(options, connection === undefined ? SERVER_OPTIONS : GIVEN_OPTIONS);
  if (connection !== undefined && !isNatsClient(connection)) {
    const allowed = "an open connection of 'nats' 2 or '@nats-io/transport-node' 3, as connect() resolves to";
    throw CHECKS.errorWithoutValue('connection', connection, allowed);
  }
  const system = peek(options, 'systemConnection');
  if (system !== undefined && !isNatsClient(system)) {
    const allowed = 'an open connection made with the credentials of a system account';
    throw CHECKS.errorWithoutValue('systemConnection', system, allowed);
  }
  const services = peek(options, 'services');
  if (services !== undefined) CHECKS.boolean('services', services);
  const client = peek(options, 'client');
  if (client !== undefined) CHECKS.oneOf('client', client, NATS_PACKAGES);
  const urls: readonly unknown[] = Array.isArray(servers) ? servers : [servers];
  if (
    connection === undefined &&
    (urls.length === 0 || !urls.every((url) => typeof url === 'string' && url !== ''))
  ) {
    // Not the list itself: its URLs may contain passwords.
    throw CHECKS.errorWithoutValue('servers', servers, 'one URL or a list of URLs');
  }
}

/**
 * Describes the options with which a client notices a lost connection late.
 *
 * @returns One sentence for a warning, or undefined if there are none.
 */
export function weaknessOf(options: unknown): string | undefined {
  if (options === undefined) return undefined;
  const attempts = peek(options, 'maxReconnectAttempts');
  const weak = [
    ...(peek(options, 'reconnect') === false
      ? ['reconnect: false (the first loss of the connection is final)']
      : []),
    ...(attempts === -1
      ? []
      : [`maxReconnectAttempts: ${String(attempts)} (then it is closed for good; -1 never ends)`]),
    ...(peek(options, 'ignoreAuthErrorAbort') === true
      ? []
      : ['ignoreAuthErrorAbort: false (credentials that are refused twice in a row close it for good)']),
    ...TIMES.flatMap((name) => slower(name, peek(options, name))),
  ];
  if (weak.length === 0) return undefined;
  return `The NATS connection has weaker options than a registry wants: ${weak.join('; ')}.`;
}

const TIMES = ['pingInterval', 'timeout', 'reconnectTimeWait'] as const;

function slower(name: (typeof TIMES)[number], value: unknown): readonly string[] {
  const wanted = WANTED[name];
  if (typeof value === 'number' && value <= wanted) return [];
  const found = typeof value === 'number' ? `${value} ms` : "the client's default";
  return [`${name}: ${found} (at most ${wanted} ms is wanted)`];
}
