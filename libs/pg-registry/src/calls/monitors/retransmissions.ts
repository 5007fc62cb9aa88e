import type { Timers } from '../../lifetime';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;

/** Sends frames again until they are acknowledged: at once, after 250 ms, after 500 ms more, and so on, at last every 5 s. */
export class Retransmissions {
  readonly #cancels = new Map<string, () => void>();
  readonly #timers: Timers;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Frames that are not acknowledged yet. */
  get size(): number {
    return this.#cancels.size;
  }

  /** Sends now, and again until {@link stop}. Starts over if a frame of this name is under way. */
  start(name: string, send: () => void): void {
    this.stop(name);
    this.#send(name, send, FIRST_WAIT_MS);
  }

  /** Stops, because the frame was acknowledged or is not needed any more. @returns Whether it was under way. */
  stop(name: string): boolean {
    this.#cancels.get(name)?.();
    return this.#cancels.delete(name);
  }

  /** Stops all. */
  stopAll(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }

  #send(name: string, send: () => void, waitMs: number): void {
    const next = (): void => this.#send(name, send, Math.min(waitMs * 2, LONGEST_WAIT_MS));
    this.#cancels.set(name, this.#timers.setTimer(waitMs, next));
    send();
  }
}
