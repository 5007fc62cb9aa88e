import { LONGEST_TIMER_MS } from '../../../term';
import { type Connect, loadConnect } from '../client-package';
import { type NatsClient, peek } from '../nats-client';
import { CLIENT_DEFAULTS, type NatsServerOptions } from '../nats-options';
import { type ConnectFailure, failureOf, giveUpError, needsCorrection } from './connect-failure';
import { OpenedSockets } from './opened-sockets';
import { ServerList } from './server-list';
import { type FoundServer, ServerSearch } from './server-search';
import { addressOf } from './server-urls';

/** The longest pause after a server answered and yet no connection was made, for instance because it refused the credentials. */
const LONGEST_PAUSE_MS = 5000;
/** A client may take this many times as long as the server took to greet: its own connection, TLS, and the answer to its first ping. */
const ROUND_TRIPS = 5;

/** How long a connector goes on trying. */
export interface ConnectLimits {
  /** Ends the attempts. */
  readonly signal: AbortSignal;
  /** Default: no time limit. */
  readonly timeoutMs?: number;
  /** Rounds over all servers. Default: no limit. */
  readonly rounds?: number;
  /** Whether to give up at once if somebody has to correct credentials, certificates or options. Default: tries again, less often each time. */
  readonly isFirst?: boolean;
  /** Hears why each attempt failed. Must not throw. */
  readonly onFailure?: (failure: ConnectFailure) => void;
}

/**
 * Opens the connections of one node by a NATS client, one after the other.
 *
 * Every connection is a client of its own that does not reconnect. The client's own reconnecting takes up to `timeout` to notice
 * that a cut network is mended; and an attempt of it that came too late may replace a later one that succeeded, and leaves a
 * second connection open. So a client is opened only when {@link ServerSearch} has found a server that speaks. After a cut of 30 s
 * the node was connected at most 1 s after its end, nearly all of which is the operating system's search for its neighbour.
 */
export class NatsConnector {
  readonly #servers: ServerList;
  readonly #options: NatsServerOptions;

  constructor(options: NatsServerOptions) {
    this.#options = options;
    this.#servers = new ServerList([options.servers].flat(), options.noRandomize !== true);
  }

  /**
   * Opens a connection, trying until a limit is reached.
   *
   * @throws TransportError naming the servers, the last reason and what to do about it. Nothing is left open.
   */
  async connect({ timeoutMs, ...limits }: ConnectLimits): Promise<NatsClient> {
    // Not AbortSignal.any() over AbortSignal.timeout(): the garbage collector of Node.js takes what only such a signal holds.
    const end = new AbortController();
    const abort = (): void => end.abort();
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(abort, Math.min(timeoutMs, LONGEST_TIMER_MS));
    limits.signal.addEventListener('abort', abort);
    if (limits.signal.aborted) abort();
    try {
      return await this.#connect(timeoutMs, { ...limits, signal: end.signal });
    } finally {
      clearTimeout(timer);
      limits.signal.removeEventListener('abort', abort);
    }
  }

  async #connect(
    timeoutMs: number | undefined,
    { signal, rounds = Infinity, isFirst = false, onFailure = () => undefined }: ConnectLimits,
  ): Promise<NatsClient> {
    const connect = loadConnect(this.#options.client);
    const search = this.#search();
    let failure: ConnectFailure | undefined;
    try {
      for (let round = 0, answered = 0; round < rounds && !signal.aborted; round += 1) {
        const found = await search.round(this.#servers.inOrder, this.#pauseMs(), signal);
        if (found === undefined) {
          failure = search.failure ?? failure;
          if (failure !== undefined) onFailure(failure);
          continue;
        }
        try {
          return await this.#attempt(connect, found, signal);
        } catch (cause) {
          failure = failureOf(found.server, cause);
        }
        if (isFirst && needsCorrection(failure)) throw giveUpError(failure, this.#servers.given);
        onFailure(failure);
        search.doubt(failure);
        this.#servers.putLast(found.server);
        await pause(Math.min(this.#pauseMs() * 2 ** answered, LONGEST_PAUSE_MS), signal);
        answered += 1;
      }
    } finally {
      search.close();
    }
    const limit = timeoutMs === undefined ? `in ${rounds} rounds` : `within ${timeoutMs} ms`;
    throw giveUpError(failure ?? this.#noAnswer(), this.#servers.given, limit);
  }

  #search(): ServerSearch {
    return new ServerSearch({
      attemptTimeoutMs: this.#optionOf('timeout'),
      isGreeted: peek(this.#options.tls, 'handshakeFirst') !== true,
      accepts: (server, cluster) => this.#servers.accepts(server, cluster),
    });
  }

  async #attempt(
    connect: Connect,
    { server, greetedAfterMs }: FoundServer,
    signal: AbortSignal,
  ): Promise<NatsClient> {
    const sockets = new OpenedSockets();
    const attempt = sockets.during(() =>
      connect({
        ...CLIENT_DEFAULTS,
        ...withoutPackage(this.#options),
        ...this.#identityOf(server),
        servers: [server],
        reconnect: false,
        waitOnFirstConnect: false,
        timeout: Math.max(this.#optionOf('timeout'), Math.ceil(greetedAfterMs * ROUND_TRIPS)),
      }),
    );
    let client: NatsClient;
    try {
      client = await unlessAborted(attempt, signal);
    } catch (error) {
      sockets.destroy();
      throw error;
    }
    // What a server announces is a convenience; without it, the connector knows the servers in the options.
    this.#follow(client, server).catch(() => undefined);
    return client;
  }

  /** A server learnt from another one is known by its address only, while its certificate names the host of those in the options. */
  #identityOf(server: string): { readonly tls?: object } {
    const { tls } = this.#options;
    const host = addressOf(this.#servers.given[0])?.host;
    if (typeof tls !== 'object' || tls === null || this.#servers.isGiven(server)) return {};
    return { tls: { servername: host, ...tls } };
  }

  /** Takes the servers of the cluster as the connected one announces them, until the connection ends. */
  async #follow(client: NatsClient, server: string): Promise<void> {
    this.#learnServers(client, server);
    for await (const { type } of client.status()) if (type === 'update') this.#learnServers(client, server);
    this.#servers.putLast(server);
  }

  #learnServers({ info }: NatsClient, server: string): void {
    if (info === undefined || this.#options['ignoreClusterUpdates'] === true) return;
    const urls: unknown = peek(info, 'connect_urls');
    const cluster = peek(info, 'cluster');
    this.#servers.announced(
      Array.isArray(urls) ? urls.map(String) : [],
      typeof cluster === 'string' && cluster !== '' ? cluster : undefined,
      server,
    );
  }

  #pauseMs(): number {
    const { reconnectDelayHandler, reconnectJitterTLS, tls } = this.#options;
    if (reconnectDelayHandler !== undefined) return reconnectDelayHandler();
    const jitterMs = (tls ? reconnectJitterTLS : undefined) ?? this.#optionOf('reconnectJitter');
    return this.#optionOf('reconnectTimeWait') + Math.random() * jitterMs;
  }

  #optionOf(name: 'timeout' | 'reconnectTimeWait' | 'reconnectJitter'): number {
    return this.#options[name] ?? CLIENT_DEFAULTS[name];
  }

  #noAnswer(): ConnectFailure {
    return { kind: 'no-answer', server: this.#servers.given[0], cause: 'no answer' };
  }
}

/** The options that are the client's. */
function withoutPackage({
  client: _client,
  ...options
}: NatsServerOptions): Omit<NatsServerOptions, 'client'> {
  return options;
}

/** Resolves with the client of an attempt. Closes a client that comes after `signal` was aborted. */
function unlessAborted(attempt: Promise<NatsClient>, signal: AbortSignal): Promise<NatsClient> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      attempt.then((client) => client.close()).catch(() => undefined);
      reject(new Error('no answer in time'));
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    attempt.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Waits this long, or until `signal` is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
