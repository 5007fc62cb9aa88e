import { safeCallback } from '../safe-callback';
import type { ConnectOptions, Subscription } from '../transport';
import { isStatusMessage, type NatsClient, type NatsMessage, peek, reasonOf } from './nats-client';

/** The subject on which a server reports to its system account that a client's connection has closed, in any account. */
const DISCONNECTS = '$SYS.ACCOUNT.*.DISCONNECT';
/** No node's name is longer. */
const MAX_NAME_LENGTH = 128;
const DECODER = new TextDecoder();

const CONSEQUENCE = 'The node detects crashes by probes alone, a little later.';

/**
 * Reports each connection that a server has closed, by the server's own system events: the fastest sign of a crash, because
 * nobody has to probe. A connection is named after its node, so `onGone` gets that name. The name of a client that is no node,
 * or a node of another cluster, does no harm: the node probes and finds nothing wrong. Failures are warnings only, because a cluster
 * works without system events.
 *
 * @param system A connection that may subscribe to `$SYS.ACCOUNT.*.DISCONNECT`: one of the system account, or of an account
 *   that imports it. It is never closed here.
 */
export function followSystemEvents(
  system: NatsClient,
  { node, onGone = (): void => undefined, onError, onWarning }: ConnectOptions,
): Subscription {
  const tell = safeCallback(onGone, onError);
  let isOver = false;
  const warn = safeCallback((message: string) => {
    if (!isOver) onWarning(`${message} ${CONSEQUENCE}`);
  }, onError);
  const subscription = subscribe(system, warn, onError, (name) => {
    if (!isOver && name !== node) tell(name);
  });
  return {
    unsubscribe: () => {
      if (isOver) return;
      isOver = true;
      if (!system.isClosed()) subscription?.unsubscribe();
    },
  };
}

function subscribe(
  system: NatsClient,
  warn: (message: string) => void,
  onError: (error: Error) => void,
  onName: (name: string) => void,
): { unsubscribe(): void } | undefined {
  if (system.isClosed()) {
    warn("'systemConnection' is closed.");
    return undefined;
  }
  system
    .closed()
    .then(() => warn("'systemConnection' has closed."))
    .catch(() => warn("'systemConnection' has failed."));
  return system.subscribe(DISCONNECTS, {
    callback: safeCallback((error: Error | null, message: NatsMessage) => {
      if (error !== null)
        return warn(`'systemConnection' may not follow ${DISCONNECTS}: ${reasonOf(error)}.`);
      const name = isStatusMessage(message) ? undefined : nameIn(message.data);
      if (name !== undefined) onName(name);
    }, onError),
  });
}

/** Reads the connection name in an event. Returns undefined if it had none. */
function nameIn(event: Uint8Array): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(DECODER.decode(event));
  } catch {
    return undefined; // The event is of another version, or not the server's.
  }
  const name = peek(parsed, 'client', 'name');
  return typeof name === 'string' && name !== '' && name.length <= MAX_NAME_LENGTH ? name : undefined;
}
