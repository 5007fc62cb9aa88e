import { InvalidOptionError, OptionChecks } from '../../term';
import { isNatsClient, type NatsClient, peek } from './nats-client';

/** What can be given beside servers or a connection. */
export interface NatsExtras {
  /**
   * A second open connection, of `nats` 2 or `@nats-io/transport-node` 3, that may subscribe to `$SYS.ACCOUNT.*.DISCONNECT`:
   * one of the server's system account. By it the server itself tells when a node's connection has closed, so that a crash is
   * suspected without waiting for the next probe. Never closed here; several nodes may share it. Default: none.
   */
  readonly systemConnection?: NatsClient;
}

/** Options of the client `nats` for a connection of this library's own, with the defaults a registry needs. */
export interface NatsServerOptions extends NatsExtras {
  /** One URL or several, of servers of one cluster. */
  readonly servers: string | readonly string[];
  /** Not beside `servers`. */
  readonly connection?: never;
  /** Name of the NATS user. */
  readonly user?: string;
  /** That user's password. */
  readonly pass?: string;
  /** Token, instead of user and password. */
  readonly token?: string;
  /** An authenticator of the client, or several. */
  readonly authenticator?: unknown;
  /** TLS options of the client; `null` refuses TLS. */
  readonly tls?: object | null;
  /** How the server lists the connection. Default: the node's name. */
  readonly name?: string;
  /** How often the server is asked whether it lives. Default 2000 ms; the client's own default is two minutes. */
  readonly pingInterval?: number;
  /** Unanswered pings after which the connection is given up. Default 2. */
  readonly maxPingOut?: number;
  /** How long one attempt to connect or reconnect may take. Default 1000 ms. */
  readonly timeout?: number;
  /** Rounds over all servers to reconnect. Default -1: without end. */
  readonly maxReconnectAttempts?: number;
  /** Pause between two rounds. Default 100 ms. */
  readonly reconnectTimeWait?: number;
  /** Random part of that pause. Default 100 ms. */
  readonly reconnectJitter?: number;
  /** Whether the server spares this node its own messages. Default true. */
  readonly noEcho?: boolean;
  /** Everything else that the client takes. */
  readonly [option: string]: unknown;
}

/** A connection that belongs to somebody else: never closed here, and it serves one node. */
export interface GivenConnection extends NatsExtras {
  /** An open connection, of `nats` 2 or `@nats-io/transport-node` 3. */
  readonly connection: NatsClient;
  /** Not beside `connection`. */
  readonly servers?: never;
}

/** What `natsTransport` takes: servers to connect to, or a connection that is open already. One of the two. */
export type NatsTransportOptions = NatsServerOptions | GivenConnection;

/**
 * Options without which a cluster notices trouble late. Measured: with the client's own, the first message after a black-out
 * of 30 s came 24 s after its end; with these, 0.2 s.
 */
export const CLIENT_DEFAULTS = Object.freeze({
  maxReconnectAttempts: -1,
  pingInterval: 2000,
  maxPingOut: 2,
  timeout: 1000,
  reconnectTimeWait: 100,
  reconnectJitter: 100,
  noEcho: true,
});

/** From where on an option of a given connection is weak. Its attempts are the client's own: more of them would not find a server sooner. */
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
 * Says which options of a client make a cluster notice trouble late, and how late.
 *
 * @returns One sentence, or undefined if there is nothing to say.
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
