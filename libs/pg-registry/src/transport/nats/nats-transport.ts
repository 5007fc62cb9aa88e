import { TransportError } from '../../term';
import { guarded } from '../guard';
import type { ConnectOptions, Transport } from '../transport';
import { Deadline } from './deadline';
import { Dialer } from './dialer';
import { followDisconnects } from './disconnect-events';
import { type NatsClient, peek, reasonOf } from './nats-client';
import { NatsConnection } from './nats-connection';
import {
  checkNatsOptions,
  CLIENT_DEFAULTS,
  type NatsServerOptions,
  type NatsTransportOptions,
  weaknessOf,
} from './nats-options';
import { withCredentialsApart } from './server-urls';

/** Marks a client with the name of the node it serves. Registered, so that a second copy of this library sees it too. */
const SERVES = Symbol.for('nestjs-pg-registry.serves-node');

/**
 * Connects nodes over NATS.
 *
 * With `servers` every node gets a connection of its own, by the package `nats` (an optional peer, loaded when the first
 * node connects) with its options; those a registry depends on have stricter defaults. With `connection` one node uses a
 * connection of `nats` 2 or `@nats-io/transport-node` 3 that is never closed here; options of it that are weaker than those
 * defaults are warned about. With `systemConnection` beside either, the server's own word that a node's connection has closed
 * makes the others look at once.
 *
 * @throws InvalidOptionError unless exactly one of `servers` and `connection` is given, and valid.
 */
export function natsTransport(options: NatsTransportOptions): Transport {
  checkNatsOptions(options);
  // Throws now rather than at the first connection.
  if (options.connection === undefined) withCredentialsApart(options);
  return {
    kind: 'nats',
    connect: async (node) => {
      const connection = await (options.connection === undefined
        ? connectOwn(options, node)
        : borrow(options.connection, node));
      const { systemConnection } = options;
      if (systemConnection !== undefined) connection.endsWith(followDisconnects(systemConnection, node));
      return connection;
    },
  };
}

async function connectOwn(options: NatsServerOptions, node: ConnectOptions): Promise<NatsConnection> {
  const dialer = new Dialer({ name: node.node, ...withCredentialsApart(options) });
  const end = new AbortController();
  const { signal } = end;
  const client = await dialer.dial({ signal, timeoutMs: node.timeoutMs });
  warnOfWeakness({ ...CLIENT_DEFAULTS, ...options }, node);
  const { maxReconnectAttempts: attempts = -1, reconnect, ignoreAuthErrorAbort } = options;
  const patience = {
    signal,
    rounds: attempts === -1 ? Infinity : attempts,
    // One refusal may be that of a server which does not know yet what it is to know: the client believes the second, too.
    refusals: ignoreAuthErrorAbort === true ? Infinity : 2,
  };
  return new NatsConnection(client, node, {
    redial: reconnect === false ? undefined : () => dialer.dial(patience),
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

/** A given connection may be reconnecting at the moment: an answered flush shows that it is not. */
async function proveConnected(client: NatsClient, timeoutMs: number): Promise<void> {
  const deadline = new Deadline(timeoutMs);
  let reason = `no answer within ${timeoutMs} ms`;
  while (deadline.leftMs > 0 && !client.isClosed()) {
    try {
      if (await deadline.bound(client.flush().then(() => true))) return;
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

function warnOfWeakness(options: unknown, { onWarning, onError }: ConnectOptions): void {
  const weakness = weaknessOf(options);
  if (weakness !== undefined) guarded(onWarning, onError)(weakness);
}
