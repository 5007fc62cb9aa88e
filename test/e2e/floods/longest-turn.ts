import { threadMs } from '../../fuzz/stalls/processor-time';

/** Watches the event loop of this process. */
export class LongestTurn {
  #longest = 0;

  /** Begins to watch. */
  watch(): void {
    let last = threadMs();
    const tick = (): void => {
      const now = threadMs();
      this.#longest = Math.max(this.#longest, now - last);
      last = now;
      setTimeout(tick, 0);
    };
    tick();
  }

  /** Returns the longest turn since it was asked last, in ms of this thread's processor time. */
  take(): number {
    const longest = this.#longest;
    this.#longest = 0;
    return longest;
  }
}
