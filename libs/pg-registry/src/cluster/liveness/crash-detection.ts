import type { Endpoint } from '../endpoint';
import type { Probes } from './probes';

/** How a crash is noticed: at once through "no responders", or only because nobody answers. */
export type CrashDetection = 'unknown' | 'no-responders' | 'silence';

/**
 * Tests the crash detection itself. "No responders" is sufficient for a crash, never necessary: somebody who subscribes to
 * everything (an onlooker with a wildcard) hides it, and an old server does not know it. So every minute and after each
 * reconnect a name that nobody has is probed; without "no responders" the node says so once and relies on silence.
 */
export class CrashDetectionTest {
  #result: CrashDetection = 'unknown';
  #nextAt = Infinity;

  readonly #endpoint: Endpoint;
  readonly #probes: Probes;

  constructor(endpoint: Endpoint, probes: Probes) {
    this.#endpoint = endpoint;
    this.#probes = probes;
  }

  /** What the latest test showed. */
  get result(): CrashDetection {
    return this.#result;
  }

  get nextDeadline(): number {
    return this.#nextAt;
  }

  connected(): void {
    this.#nextAt = this.#endpoint.now;
  }

  disconnected(): void {
    this.#nextAt = Infinity;
  }

  tick(): void {
    const endpoint = this.#endpoint;
    if (endpoint.now < this.#nextAt) return;
    this.#nextAt = endpoint.now + endpoint.options.onlookerIntervalMs;
    const name = `nobody-${Math.floor(endpoint.random() * 2 ** 48).toString(36)}`;
    this.#probes.ask(name, { of: 'nobody' });
  }

  /** A probe of nobody has ended. */
  ended(outcome: 'answer' | 'no-responders' | 'timeout'): void {
    const detection = outcome === 'no-responders' ? 'no-responders' : 'silence';
    if (detection === this.#result) return;
    this.#result = detection;
    if (detection === 'silence') {
      this.#endpoint.warn(
        'onlooker',
        'Somebody subscribes to the subjects of nodes that do not exist, so a crash cannot be told from silence: ' +
          `crashed nodes are removed after ${this.#endpoint.options.peerTimeoutMs} ms.`,
      );
    }
  }
}
