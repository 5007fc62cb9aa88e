import type { Endpoint } from '../endpoint';
import type { Probes } from './probes';

/** How a crash is noticed: at once through "no responders", or only because nobody answers. */
export type CrashDetection = 'unknown' | 'no-responders' | 'silence';

/**
 * Tests whether crashes can be detected at once. A crash shows as "no responders", unless a client subscribes to everything with a
 * wildcard, or the server is too old to report it. So every `onlookerIntervalMs`, and after each connect, this node probes a name
 * that nobody has. Without "no responders" it warns once, and crashed peers are found by their silence.
 */
export class OnlookerCheck {
  #result: CrashDetection = 'unknown';
  /** When the next test is due. */
  nextDeadline = Infinity;

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

  connected(): void {
    this.nextDeadline = this.#endpoint.now;
  }

  disconnected(): void {
    this.nextDeadline = Infinity;
  }

  tick(): void {
    const endpoint = this.#endpoint;
    if (endpoint.now < this.nextDeadline) return;
    this.nextDeadline = endpoint.now + endpoint.options.onlookerIntervalMs;
    const name = `nobody-${Math.floor(endpoint.random() * 2 ** 48).toString(36)}`;
    this.#probes.ask(name, { of: 'nobody' });
  }

  /** The probe of a name that nobody has has ended. */
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
