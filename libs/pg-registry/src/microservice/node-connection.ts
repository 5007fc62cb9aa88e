import { filter, map, type Observable, skip, skipWhile, Subscription } from 'rxjs';
import type { PgRegistryNode } from '../node';

/** What `status` of the server and the client emit. */
export type RegistryStatus = 'connected' | 'disconnected';

/** What `on` of the server and the client can listen to. The names are those of Nest's NATS transport. */
// A type, not an interface: Nest asks for an index signature.
export type RegistryEvents = {
  /** The node has lost its connection and is trying to get it back. */
  disconnect: () => void;
  /** The node is connected again. */
  reconnect: () => void;
  /** The peers of the node have changed. */
  update: (peers: readonly unknown[]) => void;
};

/** The node's connection as Nest's transports show theirs. */
export class NodeConnection {
  /** The status now, then each change. Completes when the node stops. */
  readonly status$: Observable<RegistryStatus>;
  #subscriptions = new Subscription();

  readonly #node: PgRegistryNode;

  constructor(node: PgRegistryNode) {
    this.#node = node;

    this.status$ = node.connected$.pipe(map((connected) => (connected ? 'connected' : 'disconnected')));
  }

  /** Calls back on each such event from now on, until {@link close}. */
  on<E extends keyof RegistryEvents>(event: E, callback: RegistryEvents[E]): void {
    this.#subscriptions.add(this.#events(event).subscribe(callback as (payload: unknown) => void));
  }

  /** Ends what {@link on} began. */
  close(): void {
    this.#subscriptions.unsubscribe();
    this.#subscriptions = new Subscription();
  }

  #events(event: keyof RegistryEvents): Observable<unknown> {
    if (event === 'update') return this.#node.peers$.pipe(skip(1));
    const connected = event === 'reconnect';
    return this.#node.connected$.pipe(
      // The first connection is no event.
      skipWhile((now) => !now),
      skip(1),
      filter((now) => now === connected),
    );
  }
}
