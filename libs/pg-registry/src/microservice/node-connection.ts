import { filter, map, type Observable, skip, skipWhile, Subscription } from 'rxjs';
import { PgRegistryNode } from '../node';
import { InvalidArgumentError, isInstanceOf } from '../term';

/** What `status` of the server and of the client emits. */
export type RegistryStatus = 'connected' | 'disconnected';

/** The events of the server and of the client. Their names are those of Nest's NATS transport. */
// A type, not an interface: Nest asks for an index signature.
export type RegistryEvents = {
  /** The node has lost its connection and tries to reconnect. */
  disconnect: () => void;
  /** The node is connected again. */
  reconnect: () => void;
  /** The peers of the node have changed. */
  update: (peers: readonly unknown[]) => void;
};

/**
 * Checks that Nest injected the node. `ClientsModule` with `customClass`, and code with `new`, make the class without.
 *
 * @param remedy What to write instead, as a sentence.
 * @throws InvalidArgumentError naming the class and the remedy.
 */
export function checkInjected(type: string, node: unknown, remedy: string): void {
  if (isInstanceOf(node, PgRegistryNode)) return;
  throw new InvalidArgumentError(
    `${type} must be made by Nest, because its node is injected; 'customClass' and 'new' inject nothing. ${remedy} Nothing was made.`,
  );
}

/** Shows the node's connection in the way of Nest's own transports. */
export class NodeConnection {
  /** Emits the present status, then each change. Completes when the node stops. */
  readonly status$: Observable<RegistryStatus>;
  #subscriptions = new Subscription();

  readonly #node: PgRegistryNode;

  constructor(node: PgRegistryNode) {
    this.#node = node;

    this.status$ = node.connected$.pipe(map((connected) => (connected ? 'connected' : 'disconnected')));
  }

  /** Calls back at each such event, until {@link close}. */
  on<E extends keyof RegistryEvents>(event: E, callback: RegistryEvents[E]): void {
    this.#subscriptions.add(this.#events(event).subscribe(callback as (payload: unknown) => void));
  }

  /** Ends every {@link on}. */
  close(): void {
    this.#subscriptions.unsubscribe();
    this.#subscriptions = new Subscription();
  }

  #events(event: keyof RegistryEvents): Observable<unknown> {
    if (event === 'update') return this.#node.peers$.pipe(skip(1));
    const connected = event === 'reconnect';
    return this.#node.connected$.pipe(
      // The first connection is not a reconnect.
      skipWhile((now) => !now),
      skip(1),
      filter((now) => now === connected),
    );
  }
}
