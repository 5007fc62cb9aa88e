import { Socket } from 'node:net';
import { type NatsClient, peek } from '../nats-client';

/** Each client once, because it may be given to one node after the other. */
const followed = new WeakSet<NatsClient>();

/**
 * Destroys the sockets that a given client leaves behind when it tries to reconnect, as long as that client lives. A server that accepts
 * connections and says nothing makes every attempt time out. `nats` 2 leaves the socket of each open, `@nats-io/transport-node` 3 that of
 * the last one, which keeps the Node.js process alive until the system gives up, for minutes. In `nats` 2 an attempt that is answered
 * after its time may also break the connection that came after it.
 *
 * The public interface of the clients does not lead to these sockets. If their inside looks different one day, nothing is destroyed.
 */
export function destroyAbandonedAttempts(client: NatsClient): void {
  if (followed.has(client)) return;
  followed.add(client);
  followAttempts(client).catch(() => undefined);
  // Not when the statuses end: version 2 does not end them, and version 3 ends them before it counts as closed and makes no more attempts.
  client
    .closed()
    .then(() => abandon(transportOf(client)))
    .catch(() => undefined);
}

async function followAttempts(client: NatsClient): Promise<void> {
  let attempt: unknown;
  for await (const { type } of client.status()) {
    if (type === 'reconnect') attempt = undefined;
    if (type !== 'reconnecting') continue;
    // The one before has failed: the client makes one at a time.
    abandon(attempt);
    attempt = transportOf(client);
  }
}

/** What a client makes anew for each attempt. */
function transportOf(client: NatsClient): unknown {
  return peek(client, 'protocol', 'transport');
}

/** Destroys the socket of an attempt. The attempt has it only when it is connected: one that comes later is destroyed then. */
function abandon(attempt: unknown): void {
  const socket = peek(attempt, 'socket');
  if (socket instanceof Socket) socket.destroy();
  else if (typeof attempt === 'object' && attempt !== null)
    Reflect.defineProperty(attempt, 'socket', {
      configurable: true,
      get: () => undefined,
      set: (late: unknown) => {
        if (late instanceof Socket) late.destroy();
      },
    });
}
