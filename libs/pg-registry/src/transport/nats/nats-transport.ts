import { LONGEST_TIMER_MS, TransportError } from '../../term';
import { safeCallback } from '../safe-callback';
import { withSharedSecret } from '../secret';
import type { ConnectOptions, Transport } from '../transport';
import { describeFailure } from './connecting/connect-failure';
import { NatsConnector } from './connecting/nats-connector';
import { withCredentialsApart } from './connecting/server-urls';
import { destroyAbandonedAttempts } from './connection/abandoned-attempts';
import { NatsConnection } from './connection/nats-connection';
import { checkNeeds } from './connection/needs-check';
import { Credentials } from './credentials';
import { type NatsClient, peek, reasonOf } from './nats-client';
import {
  checkNatsOptions,
  CLIENT_DEFAULTS,
  type NatsServerOptions,
  type NatsTransportOptions,
  weaknessOf,
} from './nats-options';
import { ServiceResponder } from './service-responder';
import { followSystemEvents } from './system-events';

/** Marks a client with the name of the node it serves. A registered symbol, so that a second copy of this library sees it too. */
const SERVES = Symbol.for('nestjs-pg-registry.serves-node');

/**
 * Connects nodes over NATS.
 *
 * With `servers` every node gets a connection of its own, by the package `nats` 2 or `@nats-io/transport-node` 3 (optional
 * peers, loaded when the first node connects; `client` chooses) with its options; those a registry depends on have stricter defaults. With `connection` one node uses a
 * connection of `nats` 2 or `@nats-io/transport-node` 3 that is never closed here, and logs a warning for options that are
 * weaker than those defaults. With `systemConnection` beside either, nodes probe a peer as soon as the server reports that its
 * connection has closed. With `secret` every message is signed. With `services` the node answers tools such as `nats micro`.
 *
 * @throws InvalidOptionError unless exactly one of `servers` and `connection` is given, and valid; also for a `secret` that is not.
 */
export function natsTransport(options: NatsTransportOptions): Transport {
  checkNatsOptions(options);
  // Throws now rather than at the first connection.
  const { secret, systemConnection, services } = options;
  const credentials = new Credentials();
  for (const client of [options.connection, systemConnection]) credentials.addAllIn(peek(client, 'options'));
  const open =
    options.connection === undefined
      ? opener(withCredentialsApart(options), credentials)
      : (node: ConnectOptions) => borrow(options.connection, node);
  const transport: Transport = {
    kind: 'nats',
    connect: async (given) => {
      const responder = services === true ? ServiceResponder.of(given) : undefined;
      const node = credentials.hiddenFrom(responder?.options ?? given);
      try {
        const connection = await open(node);
        responder?.attach(connection);
        if (systemConnection !== undefined)
          connection.unsubscribeOnEnd(followSystemEvents(systemConnection, node));
        return connection;
      } catch (error) {
        throw credentials.copyOf(error);
      }
    },
  };
  return secret === undefined ? transport : withSharedSecret(transport, secret);
}

/** Makes connections of its own. */
function opener(
  options: NatsServerOptions,
  credentials: Credentials,
): (node: ConnectOptions) => Promise<NatsConnection> {
  credentials.addAllIn(options);
  return (node) => connectOwn(credentials.watch(options), node, credentials);
}

async function connectOwn(
  options: NatsServerOptions,
  node: ConnectOptions,
  credentials: Credentials,
): Promise<NatsConnection> {
  const connector = new NatsConnector({ name: node.node, ...options });
  const end = new AbortController();
  const { signal } = end;
  const abort = (): void => end.abort();
  node.signal?.addEventListener('abort', abort);
  if (isAborted(node.signal)) abort();
  const { maxReconnectAttempts: attempts = -1, reconnect, waitOnFirstConnect } = options;
  const endsAt = performance.now() + node.timeoutMs;
  try {
    const limit = waitOnFirstConnect === true ? {} : { timeoutMs: node.timeoutMs };
    const client = await connector.connect({ signal, isFirst: true, ...limit });
    await proveNeeds(client, node, Math.max(endsAt - performance.now(), node.timeoutMs / 2)).catch(
      async (error: unknown) => {
        await client.close();
        throw error;
      },
    );
    warnOfWeakness({ ...CLIENT_DEFAULTS, ignoreAuthErrorAbort: true, ...options }, node);
    const warn = safeCallback(node.onWarning, node.onError);
    const rounds = attempts === -1 ? Infinity : attempts;
    return new NatsConnection(client, node, {
      reconnect:
        reconnect === false
          ? undefined
          : (onFailure) =>
              connector.connect({
                signal,
                rounds,
                onFailure: (failure) => {
                  const description = credentials.hideIn(describeFailure(failure));
                  onFailure(description);
                  // That nobody is there needs no word here: the loss of the connection shows everywhere.
                  if (failure.kind !== 'no-answer')
                    warn(`The node is not connected to NATS and goes on trying: ${description}.`);
                },
              }),
      release: (latest) => {
        end.abort();
        return latest.close();
      },
    });
  } finally {
    node.signal?.removeEventListener('abort', abort);
  }
}

async function borrow(client: NatsClient, node: ConnectOptions): Promise<NatsConnection> {
  const marked: NatsClient & { [SERVES]?: string | undefined } = client;
  if (marked[SERVES] !== undefined) {
    throw new TransportError(
      `The NATS connection given to node '${node.node}' serves node '${marked[SERVES]}' already. Give each node its own.`,
    );
  }
  marked[SERVES] = node.node;
  destroyAbandonedAttempts(client);
  const release = (): Promise<void> => {
    marked[SERVES] = undefined;
    return Promise.resolve();
  };
  try {
    await proveConnected(client, node);
    await proveNeeds(client, node, node.timeoutMs);
    warnOfWeakness(peek(client, 'options'), node);
    return new NatsConnection(client, node, { release });
  } catch (error) {
    await release();
    throw error;
  }
}

/** @throws TransportError if the server refuses something that the node needs. */
async function proveNeeds(
  client: NatsClient,
  { needs, signal }: ConnectOptions,
  timeoutMs: number,
): Promise<void> {
  if (needs === undefined) return;
  // A connection that is lost meanwhile is what the node has to cope with at any time.
  const isDone = (flush: Promise<void>): Promise<boolean> =>
    isDoneWithin(timeoutMs, flush, signal).catch(() => false);
  await checkNeeds(client, needs, isDone);
}

/** Waits for an answered flush, because a given connection may be reconnecting at the moment. */
async function proveConnected(client: NatsClient, { timeoutMs, signal }: ConnectOptions): Promise<void> {
  const endsAt = performance.now() + timeoutMs;
  let reason = `no answer within ${timeoutMs} ms`;
  for (
    let leftMs = timeoutMs;
    leftMs > 0 && !client.isClosed() && !isAborted(signal);
    leftMs = endsAt - performance.now()
  ) {
    try {
      if (await isDoneWithin(leftMs, client.flush(), signal)) return;
    } catch (error) {
      // A client that is reconnecting fails its flushes at every attempt.
      reason = reasonOf(error);
    }
  }
  throw new TransportError(
    client.isClosed()
      ? 'The given NATS connection is closed: connect again and give the new one.'
      : `The given NATS connection is not connected: ${reason}. Is its server up?`,
  );
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** Resolves with whether a promise was fulfilled in time. Rejects with its error if it was rejected in time. */
async function isDoneWithin(
  ms: number,
  work: Promise<void>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  let end!: () => void;
  const timeUp = new Promise<boolean>((resolve) => (end = () => resolve(false)));
  const timer = setTimeout(end, Math.min(ms, LONGEST_TIMER_MS));
  signal?.addEventListener('abort', end);
  if (isAborted(signal)) end();
  try {
    return await Promise.race([work.then(() => true), timeUp]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

function warnOfWeakness(options: unknown, { onWarning, onError }: ConnectOptions): void {
  const weakness = weaknessOf(options);
  if (weakness !== undefined) safeCallback(onWarning, onError)(weakness);
}
