import { TransportError } from '../../../term';
import { safeCallback } from '../../safe-callback';
import type { ConnectionNeeds } from '../../transport';
import type { NatsClient } from '../nats-client';
import { adviceAbout, describeServerError, type ServerError, serverErrorIn } from './server-error';

/** So many refused subjects are named. */
const NAMED = 3;

/**
 * Asks the server whether a node may do what it needs: subscribes to every subject at one time and publishes an empty message to each.
 * A server reports only what it refuses, so a flush ends the wait.
 *
 * @param isDone Waits for a flush, within the time that is left to connect.
 * @throws TransportError naming what is refused, and what to do about it.
 */
export async function checkNeeds(
  client: NatsClient,
  needs: ConnectionNeeds,
  isDone: (flush: Promise<void>) => Promise<boolean>,
): Promise<void> {
  const maxPayload = client.info?.max_payload ?? Infinity;
  if (maxPayload < needs.maxPayload) {
    throw new TransportError(
      `The NATS server takes messages of at most ${maxPayload} bytes, but a node needs ${needs.maxPayload}. Raise max_payload ` +
        'of the server. Nothing is left open.',
    );
  }
  const errors = await errorsDuring(client, async () => {
    // Errors are heard by status().
    const callback = safeCallback(
      () => undefined,
      () => undefined,
    );
    const subscriptions = needs.subscribe.map((subject) => client.subscribe(subject, { callback }));
    for (const subject of needs.publish) client.publish(subject);
    await isDone(client.flush());
    if (!client.isClosed()) for (const subscription of subscriptions) subscription.unsubscribe();
  });
  if (errors.length === 0) return;
  const named = errors.slice(0, NAMED).map(describeServerError).join('; ');
  const rest = errors.length > NAMED ? `; and ${errors.length - NAMED} more` : '';
  const advice = [...new Set(errors.map(adviceAbout))].filter((text) => text !== '').join(' ');
  throw new TransportError(
    `The node cannot work with this connection: ${named}${rest}. ${advice} Nothing is left open. ` +
      'With the node option requirePermissions: false it starts all the same.',
  );
}

/** What the server reports as refused while the work is done. */
async function errorsDuring(client: NatsClient, work: () => Promise<void>): Promise<readonly ServerError[]> {
  const errors: ServerError[] = [];
  const statuses: AsyncIterable<{ readonly type: string }> & { stop?(): void } = client.status();
  const hearing = (async () => {
    for await (const status of statuses) {
      const error = status.type === 'error' ? serverErrorIn(status, client) : undefined;
      if (error?.type === 'permission' || error?.type === 'max-subscriptions') errors.push(error);
    }
  })().catch(() => undefined);
  await work();
  // What the server reported before its answer to the flush is heard in this turn.
  await new Promise((resolve) => setImmediate(resolve));
  statuses.stop?.();
  void hearing;
  return errors;
}
