import type { Effect } from '../cluster';
import { TransportError } from '../term';
import type { Clock } from './clock';

/** The calls of `replicated()` that have not ended, over all scopes of the node, by the id of their effect. */
export class ReplicationWaits {
  readonly #open = new Map<number, { resolve(): void; reject(error: Error): void }>();

  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves or rejects when the `replicated` effect with this id comes. An open wait keeps the Node.js process alive. */
  async start(id: number, timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      // The deadline is the protocol's. This timer does nothing but keep the Node.js process alive until then.
      const release = this.#clock.setTimer(timeoutMs + 1000, () => undefined, { keepAlive: true });
      this.#open.set(id, {
        resolve: () => (release(), resolve()),
        reject: (error) => (release(), reject(error)),
      });
    });
  }

  /** Ends one wait, as the protocol says. */
  settle({ id, laggards, connected }: Extract<Effect, { type: 'replicated' }>): void {
    const wait = this.#open.get(id);
    this.#open.delete(id);
    if (!connected) {
      wait?.reject(
        new TransportError(
          'Not connected: nothing is lost, the write reaches the peers after the reconnect.',
          {},
        ),
      );
    } else if (laggards.length > 0) {
      wait?.reject(
        new TransportError(
          `Not applied in time by ${laggards.join(', ')}. Nothing is lost: they catch up or are removed from the cluster.`,
        ),
      );
    } else wait?.resolve();
  }

  /** Ends every wait: the node stops. */
  rejectAll(error: Error): void {
    for (const wait of this.#open.values()) wait.reject(error);
    this.#open.clear();
  }
}
