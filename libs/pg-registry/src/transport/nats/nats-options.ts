import { InvalidOptionError, OptionChecks } from '../../term';
import { isNatsClient, type NatsClient, peek } from './nats-client';

/** Options of `natsTransport` that go with servers and with a connection alike. */
export interface NatsExtras {
  /**
   * An open connection, of `nats` 2 or `@nats-io/transport-node` 3, that may subscribe to `$SYS.ACCOUNT.*.DISCONNECT`: one of
   * the server's system account. Through it the server reports when a node's connection closes, so a crash is suspected before
   * the next probe. The transport never closes it; several nodes may share it. Default: none.
   */
  readonly systemConnection?: NatsClient;
}

/** Options of `natsTransport` for a connection that the transport makes itself: those of the client `nats`, with other defaults. */
export interface NatsServerOptions extends NatsExtras {
  /** One URL or several, of servers of one cluster. */
  readonly servers: string | readonly string[];
  /** Not allowed together with `servers`. */
  readonly connection?: never;
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
  /** How long one attempt to connect or reconnect may take. Default 1000 ms. */
  readonly timeout?: number;
  /** How many rounds over all servers a reconnect may take. Default -1: without end. */
  readonly maxReconnectAttempts?: number;
  /** How long to wait between two rounds. Default 100 ms. */
  readonly reconnectTimeWait?: number;
  /** The longest random time that is added to that wait. Default 100 ms. */
  readonly reconnectJitter?: number;
  /** Whether the server does not send a node its own messages. Default true. */
  readonly noEcho?: boolean;
  /** Any other option of the client. */
  readonly [option: string]: unknown;
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

const CHECKS: OptionChecks = new OptionChecks('Nothing was connected.', 'natsTransport()');

/**
 * Checks the options of `natsTransport`. Options of the client pass unchecked: the client checks them itself.
 *
 * @throws InvalidOptionError naming what is missing or wrong.
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
  if (connection !== undefined && !isNatsClient(connection)) {
    const allowed = "an open connection of 'nats' 2 or '@nats-io/transport-node' 3, as connect() resolves to";
    throw CHECKS.error('connection', connection, allowed);
  }
  const system = peek(options, 'systemConnection');
  if (system !== undefined && !isNatsClient(system)) {
    const allowed = 'an open connection made with the credentials of a system account';
    throw CHECKS.error('systemConnection', system, allowed);
  }
  const urls: readonly unknown[] = Array.isArray(servers) ? servers : [servers];
  if (
    connection === undefined &&
    (urls.length === 0 || !urls.every((url) => typeof url === 'string' && url !== ''))
  ) {
    // Not the list itself: its URLs may contain passwords.
    throw CHECKS.error('servers', servers, 'one URL or a list of URLs');
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
