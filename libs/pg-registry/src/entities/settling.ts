import type { Timers } from '../lifetime';

/** So long at least between two questions to all peers, in milliseconds. */
const PAUSE_MS = 50;

/** What {@link Settling} needs. */
export interface SettlingDeps {
  readonly timers: Timers;
  /** Asks every peer, and resolves when all of them know the entries that this node has now. */
  readonly replicated: () => Promise<void>;
}

/**
 * Tells when every peer knows the entries of this node. Any peer may want to know, as often as it likes, and each question goes to all: so
 * those who ask within a while share one question.
 */
export class Settling {
  readonly #deps: SettlingDeps;
  #next: Promise<null> | undefined;
  #askedAt = -Infinity;

  constructor(deps: SettlingDeps) {
    this.#deps = deps;
  }

  /** Resolves when every peer knows what this node has now. @throws TransportError if they do not in time. */
  settled(): Promise<null> {
    this.#next ??= this.#ask();
    return this.#next;
  }

  async #ask(): Promise<null> {
    const { timers, replicated } = this.#deps;
    const waitMs = Math.max(0, this.#askedAt + PAUSE_MS - timers.now());
    await new Promise<void>((resolve) => timers.setTimer(waitMs, resolve, { keepAlive: true }));
    // Who asks from now on may have entries that the peers are not asked about.
    this.#next = undefined;
    this.#askedAt = timers.now();
    await replicated();
    return null;
  }
}
