import type { Effect } from '../cluster';
import type { PeerProtocol } from '../protocol';
import type { Replication } from '../scope';
import { InvalidArgumentError, TransportError } from '../term';
import type { Clock } from './clock';

const DEFAULT_TIMEOUT_MS = 5000;
/** A longer timer of Node.js would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The ways of a node's scopes to its peers, and who waits for `replicated()` on them. */
export class Replications {
  readonly #waiting = new Map<number, { resolve(): void; reject(error: Error): void }>();

  readonly #protocol: PeerProtocol;
  readonly #clock: Clock;
  readonly #run: (effects: readonly Effect[]) => void;

  constructor(protocol: PeerProtocol, clock: Clock, run: (effects: readonly Effect[]) => void) {
    this.#protocol = protocol;
    this.#clock = clock;
    this.#run = run;
  }

  /** The way of the present run of `scope`. */
  of(scope: string): Replication {
    const protocol = this.#protocol;
    const clock = this.#clock;
    const run = this.#run;
    return {
      get last() {
        return protocol.last(scope);
      },
      fits: (pids) => protocol.stream(scope).fits(pids),
      write: (diff) => {
        if (!protocol.writeUnfollowed(scope, diff)) run(protocol.write(scope, diff, clock.now()));
      },
      replicated: (options) => this.#replicated(scope, options.timeoutMs),
    };
  }

  /** Ends one wait, as the protocol says. */
  settle({ id, laggards, connected }: Extract<Effect, { type: 'replicated' }>): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (!connected) {
      waiting?.reject(
        new TransportError(
          'Not connected: nothing is lost, the write reaches the peers after the reconnect.',
          {},
        ),
      );
    } else if (laggards.length > 0) {
      waiting?.reject(
        new TransportError(
          `Not applied in time by ${laggards.join(', ')}. Nothing is lost: they catch up or are removed from the cluster.`,
        ),
      );
    } else waiting?.resolve();
  }

  /** Ends every wait: the node stops. */
  rejectAll(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }

  async #replicated(scope: string, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<void> {
    if (Number.isNaN(timeoutMs) || timeoutMs < 0) {
      throw new InvalidArgumentError(
        `timeoutMs is a number of milliseconds of at least 0, not ${String(timeoutMs)}.`,
        {},
      );
    }
    const { id, effects } = this.#protocol.replicated(scope, timeoutMs, this.#clock.now());
    await new Promise<void>((resolve, reject) => {
      // The deadline is the protocol's. This timer does nothing but keep the Node.js process alive until then.
      const release = this.#clock.setTimer(Math.min(timeoutMs + 1000, MAX_TIMER_MS), () => undefined, {
        keepAlive: true,
      });
      this.#waiting.set(id, {
        resolve: () => (release(), resolve()),
        reject: (error) => (release(), reject(error)),
      });
      this.#run(effects);
    });
  }
}
