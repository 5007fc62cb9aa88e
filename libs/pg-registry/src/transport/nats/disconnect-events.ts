import { guarded } from '../guard';
import type { ConnectOptions, Subscription } from '../transport';
import { isStatusMessage, type NatsClient, peek, reasonOf } from './nats-client';

/** Where a server tells its system account of every client whose connection has closed, in any account. */
const DISCONNECTS = '$SYS.ACCOUNT.*.DISCONNECT';
/** No node's name is longer. */
const MAX_NAME_LENGTH = 128;
const DECODER = new TextDecoder();

const WITHOUT = 'Crashes are noticed by probes alone, a little later.';

/**
 * Follows the server's own word on connections that have closed: the fastest sign of a crash, because nobody has to ask. The
 * name of a connection is the name of its node, so `onGone` hears that; a name that is no node's, or one of another cluster,
 * does no harm: the node looks, and finds nothing amiss. Whatever goes wrong is a warning: a cluster works without.
 *
 * @param system A connection that may subscribe to `$SYS.ACCOUNT.*.DISCONNECT`: one of the system account, or of an account
 *   that imports it. It is never closed here.
 */
export function followDisconnects(
  system: NatsClient,
  { node, onGone = (): void => undefined, onError, onWarning }: ConnectOptions,
): Subscription {
  const tell = guarded(onGone, onError);
  let isOver = false;
  const warn = guarded((message: string) => {
    if (!isOver) onWarning(`${message} ${WITHOUT}`);
  }, onError);
  const subscription = subscribe(system, warn, (name) => {
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
  onName: (name: string) => void,
): { unsubscribe(): void } | undefined {
  if (system.isClosed()) {
    warn("'systemConnection' is closed.");
    return undefined;
  }
  void system.closed().then(() => warn("'systemConnection' has closed."));
  return system.subscribe(DISCONNECTS, {
    callback: (error, message) => {
      if (error !== null)
        return warn(`'systemConnection' may not follow ${DISCONNECTS}: ${reasonOf(error)}.`);
      const name = isStatusMessage(message) ? undefined : nameIn(message.data);
      if (name !== undefined) onName(name);
    },
  });
}

/** The name under which the client of an event had connected; undefined if it had none. */
function nameIn(event: Uint8Array): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(DECODER.decode(event));
  } catch {
    return undefined; // Another version's, or not the server's: there is nothing to learn from it.
  }
  const name = peek(parsed, 'client', 'name');
  return typeof name === 'string' && name !== '' && name.length <= MAX_NAME_LENGTH ? name : undefined;
}
