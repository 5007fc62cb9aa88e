import type { StreamOutput, StreamPeer } from './stream-output';

/** How long a stream takes to come into sync, and whether it has done so since the last look. */
export class SyncTiming {
  /** Whether it has ever been in sync. */
  wasSynced = false;
  /** Whether it has come into sync, and {@link tell} has not been called since. */
  hasNews = false;
  #isFirst = false;
  #fetchingSince: number | undefined;

  readonly #peer: StreamPeer;
  readonly #output: StreamOutput;

  constructor(peer: StreamPeer, output: StreamOutput) {
    this.#peer = peer;
    this.#output = output;
  }

  /** It begins to fetch; it may have begun before and been interrupted. */
  begin(now: number): void {
    this.#fetchingSince ??= now;
  }

  /** It is in sync; {@link tell} gets the moment. */
  reach(): void {
    this.hasNews = true;
    this.#isFirst = !this.wasSynced;
    this.wasSynced = true;
  }

  /**
   * Counts and reports that it has come into sync, with the milliseconds since the first ask, 0 if there was nothing to fetch.
   *
   * @param isLive False if the same turn has shown that it is not in sync after all; then nothing is told.
   */
  tell(isLive: boolean, now: number): void {
    this.hasNews = false;
    if (!isLive) return;
    const since = this.#fetchingSince ?? now;
    this.#fetchingSince = undefined;
    if (this.#isFirst) this.#output.count('first-syncs');
    this.#output.synced(this.#peer, now - since);
  }
}
