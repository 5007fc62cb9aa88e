import { TransportError } from '../../term';
import { safeCallback } from '../safe-callback';
import { withSharedSecret } from '../secret';
import type { ConnectOptions, Transport } from '../transport';
import { Credentials } from './credentials';
import { type NatsClient, peek, reasonOf } from './nats-client';
import { NatsConnection } from './nats-connection';
import { NatsConnector } from './nats-connector';
import {
  checkNatsOptions,
  CLIENT_DEFAULTS,
  type NatsServerOptions,
  type NatsTransportOptions,
  weaknessOf,
} from './nats-options';
import { withCredentialsApart } from './server-urls';
import { followSystemEvents } from './system-events';

/** Marks a client with the name of the node it serves. A registered symbol, so that a second copy of this library sees it too. */
const SERVES = Symbol.for('nestjs-pg-registry.serves-node');

/**
 * Connects nodes over NATS.
 *
 * With `servers` every node gets a connection of its own, by the package `nats` (an optional peer, loaded when the first
 * node connects) with its options; those a registry depends on have stricter defaults. With `connection` one node uses a
 * connection of `nats` 2 or `@nats-io/transport-node` 3 that is never closed here, and logs a warning for options that are
 * weaker than those defaults. With `systemConnection` beside either, nodes probe a peer as soon as the server reports that its
 * connection has closed. With `secret` every message is signed.
 *
 * @throws InvalidOptionError unless exactly one of `servers` and `connection` is given, and valid; also for a `secret` that is not.
 */
export function natsTransport(options: NatsTransportOptions): Transport {
  checkNatsOptions(options);
  // Throws now rather than at the first connection.
  const { secret, systemConnection } = options;
  const credentials = new Credentials();
  for (const client of [options.connection, systemConnection]) credentials.addAllIn(peek(client, 'options'));
  const open =
    options.connection === undefined
      ? opener(withCredentialsApart(options), credentials)
      : (node: ConnectOptions) => borrow(options.connection, node);
  const transport: Transport = {
    kind: 'nats',
    connect: async (given) => {
      const node = credentials.hiddenFrom(given);
      try {
        const connection = await open(node);
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
  return (node) => connectOwn(credentials.watch(options), node);
}

async function connectOwn(options: NatsServerOptions, node: ConnectOptions): Promise<NatsConnection> {
  const connector = new NatsConnector({ name: node.node, ...options });
  const end = new AbortController();
  const { signal } = end;
  const client = await connector.connect({ signal, timeoutMs: node.timeoutMs });
  warnOfWeakness({ ...CLIENT_DEFAULTS, ...options }, node);
  const { maxReconnectAttempts: attempts = -1, reconnect, ignoreAuthErrorAbort } = options;
  const limits = {
    signal,
    rounds: attempts === -1 ? Infinity : attempts,
    // The first refusal may come from a server that has not loaded its accounts yet. The client, too, gives up at the second.
    refusals: ignoreAuthErrorAbort === true ? Infinity : 2,
  };
  return new NatsConnection(client, node, {
    reconnect: reconnect === false ? undefined : () => connector.connect(limits),
    release: (latest) => {
      end.abort();
      return latest.close();
    },
  });
}

async function borrow(client: NatsClient, node: ConnectOptions): Promise<NatsConnection> {
  const marked: NatsClient & { [SERVES]?: string | undefined } = client;
  if (marked[SERVES] !== undefined) {
    throw new TransportError(
      `The NATS connection given to node '${node.node}' serves node '${marked[SERVES]}' already. Give each node its own.`,
    );
  }
  marked[SERVES] = node.node;
  const release = (): Promise<void> => {
    marked[SERVES] = undefined;
    return Promise.resolve();
  };
  try {
    await proveConnected(client, node.timeoutMs);
    warnOfWeakness(peek(client, 'options'), node);
    return new NatsConnection(client, node, { release });
  } catch (error) {
    await release();
    throw error;
  }
}

/** Waits for an answered flush, because a given connection may be reconnecting at the moment. */
async function proveConnected(client: NatsClient, timeoutMs: number): Promise<void> {
  const endsAt = performance.now() + timeoutMs;
  let reason = `no answer within ${timeoutMs} ms`;
  for (let leftMs = timeoutMs; leftMs > 0 && !client.isClosed(); leftMs = endsAt - performance.now()) {
    try {
      if (await isDoneWithin(leftMs, client.flush())) return;
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

/** Resolves with whether a promise was fulfilled in time. Rejects with its error if it was rejected in time. */
async function isDoneWithin(ms: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  try {
    return await Promise.race([work.then(() => true), timeUp]);
  } finally {
    clearTimeout(timer);
  }
}

function warnOfWeakness(options: unknown, { onWarning, onError }: ConnectOptions): void {
  const weakness = weaknessOf(options);
  if (weakness !== undefined) safeCallback(onWarning, onError)(weakness);
}
