import { TransportError } from '../../term';
import { Knocker } from './knocker';
import { type NatsClient, peek, reasonOf } from './nats-client';
import { CLIENT_DEFAULTS, type NatsServerOptions } from './nats-options';
import { addressOf } from './server-urls';

/** What trying again does not change. Anything else may be a broker that is just starting. */
const FINAL = [
  'AUTHORIZATION_VIOLATION',
  'AUTHENTICATION_EXPIRED',
  'BAD_AUTHENTICATION',
  'INVALID_OPTION',
  'NOT_FUNC',
];

/** Opens a connection of a given client. The part of `nats` that is used. */
type Connect = (options: Readonly<Record<string, unknown>>) => Promise<NatsClient>;

/** How long to try. */
export interface Patience {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Ends it, too. Default: never. */
  readonly timeoutMs?: number;
  /** Rounds over all servers. Default: without end. */
  readonly rounds?: number;
  /** Refusals that trying again does not change, until one is believed. Default 1. */
  readonly refusals?: number;
}

/**
 * Opens one connection after the other by the package `nats`, for one node.
 *
 * Every connection is a client of its own that does not reconnect: what the client does itself takes up to `timeout` to notice
 * that a cut network is mended, and an attempt of it that came too late may take the place of a later one that succeeded, and
 * leaves a second connection open. Here a server is dialled when it was found to be there, see {@link Knocker}. Measured
 * after a cut of 30 s: connected at most 1 s after its end, of which nearly all is the operating system's search for its neighbour.
 */
export class Dialer {
  /** In the order in which they are tried: whoever failed comes last. */
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
   * Opens a connection, trying until `patience` is over.
   *
   * @throws TransportError naming the servers, the last reason and what to do about it.
   */
  async dial({ timeoutMs, rounds = Infinity, refusals = 1, ...ends }: Patience): Promise<NatsClient> {
    const connect = await loadConnect();
    const signal =
      timeoutMs === undefined ? ends.signal : AbortSignal.any([ends.signal, AbortSignal.timeout(timeoutMs)]);
    const knocker = new Knocker(this.#optionOf('timeout'));
    try {
      for (let round = 0, refused = 0; round < rounds && !signal.aborted; round += 1) {
        const server = await knocker.round(this.#servers, this.#pauseMs(), signal);
        if (server === undefined) {
          this.#failure = knocker.failure;
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
      knocker.close();
    }
    throw this.#unreachable(timeoutMs === undefined ? `in ${rounds} rounds` : `within ${timeoutMs} ms`);
  }

  /** A connection to `server` was lost, or none could be had. */
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
    this.#learnServers(client);
    void this.#follow(client, server);
    return client;
  }

  /** A server that another one has told of is known by its address; its certificate is for the name of those that were given. */
  #identityOf(server: string): { readonly tls?: object } {
    const { tls } = this.#options;
    const host = addressOf(this.#given[0])?.host;
    if (typeof tls !== 'object' || tls === null || this.#given.includes(server)) return {};
    return { tls: { servername: host, ...tls } };
  }

  /** Keeps in mind what the server tells of others of its cluster, until the connection ends. */
  async #follow(client: NatsClient, server: string): Promise<void> {
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

/** The client of an attempt. Once `signal` is aborted, one that comes too late is nobody's, and is closed. */
function unlessAborted(attempt: Promise<NatsClient>, signal: AbortSignal): Promise<NatsClient> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      attempt.then(
        (client) => client.close(),
        () => undefined,
      );
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

/** What two URLs of one server have in common. */
function endpointOf(url: string): string {
  const address = addressOf(url);
  return address === undefined ? url : `${address.host}:${address.port}`;
}

/** The servers, without passwords. */
export function formatServers(servers: string | readonly string[]): string {
  return [servers]
    .flat()
    .map((server) => server.replace(/^(\w+:\/\/)?[^@/]*@/, '$1'))
    .join(', ');
}
