import { TransportError } from '../../term';
import { type NatsClient, peek, reasonOf } from './nats-client';
import { CLIENT_DEFAULTS, type NatsServerOptions } from './nats-options';
import { ServerSearch } from './server-search';
import { addressOf, formatServers } from './server-urls';

/** Codes of errors that trying again does not change. Any other error may come from a broker that is just starting. */
const FINAL = [
  'AUTHORIZATION_VIOLATION',
  'AUTHENTICATION_EXPIRED',
  'BAD_AUTHENTICATION',
  'INVALID_OPTION',
  'NOT_FUNC',
];

/** Opens a connection of a given client. The part of `nats` that is used. */
type Connect = (options: Readonly<Record<string, unknown>>) => Promise<NatsClient>;

/** How long a connector goes on trying. */
export interface ConnectLimits {
  /** Aborts the attempts. */
  readonly signal: AbortSignal;
  /** Default: no time limit. */
  readonly timeoutMs?: number;
  /** Rounds over all servers. Default: no limit. */
  readonly rounds?: number;
  /** The connector gives up at this refusal of the credentials or options. Default 1: the first. */
  readonly refusals?: number;
}

/**
 * Opens the connections of one node by the package `nats`, one after the other.
 *
 * Every connection is a client of its own that does not reconnect. The client's own reconnecting takes up to `timeout` to notice
 * that a cut network is mended; and an attempt of it that came too late may replace a later one that succeeded, and leaves a
 * second connection open. So a client is opened only when {@link ServerSearch} has found a server. After a cut of 30 s the node
 * was connected at most 1 s after its end, nearly all of which is the operating system's search for its neighbour.
 */
export class NatsConnector {
  /** In the order in which they are tried; a server that failed moves to the end. */
  #servers: readonly string[];
  readonly #given: readonly string[];
  #failure: unknown = 'no answer';

  readonly #options: NatsServerOptions;

  constructor(options: NatsServerOptions) {
    this.#options = options;

    this.#given = [options.servers].flat();
    this.#servers = options.noRandomize === true ? this.#given : shuffled(this.#given);
  }

  /**
   * Opens a connection, trying until a limit is reached.
   *
   * @throws TransportError naming the servers, the last reason and what to do about it.
   */
  async connect({
    timeoutMs,
    rounds = Infinity,
    refusals = 1,
    ...limits
  }: ConnectLimits): Promise<NatsClient> {
    const connect = await loadConnect();
    const signal =
      timeoutMs === undefined
        ? limits.signal
        : AbortSignal.any([limits.signal, AbortSignal.timeout(timeoutMs)]);
    const search = new ServerSearch(this.#optionOf('timeout'));
    try {
      for (let round = 0, refused = 0; round < rounds && !signal.aborted; round += 1) {
        const server = await search.round(this.#servers, this.#pauseMs(), signal);
        if (server === undefined) {
          this.#failure = search.failure;
          continue;
        }
        try {
          return await this.#attempt(connect, server, signal);
        } catch (cause) {
          if (isFinal(cause) && (refused += 1) >= refusals) throw refusal(this.#given, cause);
          this.#failure = cause;
          this.#putLast(server);
          await pause(this.#pauseMs(), signal);
        }
      }
    } finally {
      search.close();
    }
    throw this.#unreachable(timeoutMs === undefined ? `in ${rounds} rounds` : `within ${timeoutMs} ms`);
  }

  /** Moves a server whose connection was lost or refused to the end of the list. */
  #putLast(server: string): void {
    this.#servers = [...this.#servers.filter((other) => other !== server), server];
  }

  async #attempt(connect: Connect, server: string, signal: AbortSignal): Promise<NatsClient> {
    const attempt = connect({
      ...CLIENT_DEFAULTS,
      ...this.#options,
      ...this.#identityOf(server),
      servers: [server],
      reconnect: false,
      waitOnFirstConnect: false,
    });
    const client = await unlessAborted(attempt, signal);
    // What a server announces is a convenience; without it, the connector knows the servers in the options.
    this.#follow(client, server).catch(() => undefined);
    return client;
  }

  /** A server learnt from another one is known by its address only, while its certificate names the host of those in the options. */
  #identityOf(server: string): { readonly tls?: object } {
    const { tls } = this.#options;
    const host = addressOf(this.#given[0])?.host;
    if (typeof tls !== 'object' || tls === null || this.#given.includes(server)) return {};
    return { tls: { servername: host, ...tls } };
  }

  /** Adds servers of the cluster as the connected one announces them, until the connection ends. */
  async #follow(client: NatsClient, server: string): Promise<void> {
    this.#learnServers(client);
    for await (const { type } of client.status()) if (type === 'update') this.#learnServers(client);
    this.#putLast(server);
  }

  #learnServers(client: NatsClient): void {
    const urls: unknown = peek(client.info, 'connect_urls');
    if (!Array.isArray(urls) || this.#options['ignoreClusterUpdates'] === true) return;
    const known = new Set(this.#servers.map(endpointOf));
    const others = urls.map(String).filter((url) => !known.has(endpointOf(url)));
    this.#servers = [...this.#servers, ...others];
  }

  #pauseMs(): number {
    return this.#optionOf('reconnectTimeWait') + Math.random() * this.#optionOf('reconnectJitter');
  }

  #optionOf(name: 'timeout' | 'reconnectTimeWait' | 'reconnectJitter'): number {
    return this.#options[name] ?? CLIENT_DEFAULTS[name];
  }

  #unreachable(limit: string): TransportError {
    return new TransportError(
      `No NATS server answered at ${formatServers(this.#given)} ${limit}: ${reasonOf(this.#failure)}. ` +
        "Start one there ('nats-server'), or correct `servers` of natsTransport.",
      { cause: this.#failure },
    );
  }
}

async function loadConnect(): Promise<Connect> {
  try {
    const { connect }: { readonly connect: unknown } = await import('nats');
    if (isConnect(connect)) return connect;
    throw new Error('it has no function connect()');
  } catch (cause) {
    throw new TransportError(
      "natsTransport({ servers }) needs the package 'nats': npm install nats. A connection of '@nats-io/transport-node' " +
        `is given as natsTransport({ connection }). (${reasonOf(cause)})`,
      { cause },
    );
  }
}

function isConnect(value: unknown): value is Connect {
  return typeof value === 'function';
}

function isFinal(error: unknown): boolean {
  return FINAL.includes(String(peek(error, 'code')));
}

function refusal(servers: readonly string[], cause: unknown): TransportError {
  return new TransportError(
    `The NATS server at ${formatServers(servers)} refused the connection: ${reasonOf(cause)}. ` +
      'Correct the credentials or options of natsTransport.',
    { cause },
  );
}

/** Resolves with the client of an attempt. Closes a client that comes after `signal` was aborted. */
function unlessAborted(attempt: Promise<NatsClient>, signal: AbortSignal): Promise<NatsClient> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      attempt.then((client) => client.close()).catch(() => undefined);
      reject(new Error('no answer in time'));
    };
    signal.addEventListener('abort', abort, { once: true });
    attempt.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Waits this long, or until `signal` is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

function shuffled<T>(items: readonly T[]): T[] {
  const drawn = items.map((item) => ({ item, lot: Math.random() }));
  return drawn.toSorted((a, b) => a.lot - b.lot).map(({ item }) => item);
}

/** The host and port by which two URLs of one server are recognised. */
function endpointOf(url: string): string {
  const address = addressOf(url);
  return address === undefined ? url : `${address.host}:${address.port}`;
}
