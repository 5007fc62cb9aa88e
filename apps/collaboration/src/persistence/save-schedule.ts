/** When changes are saved. All times in milliseconds. */
export interface SaveOptions {
  /** Saves when nothing was changed for so long. */
  readonly quietMs: number;
  /** Saves when so many updates wait. */
  readonly updates: number;
  /** Saves at last when the oldest update has waited so long, lest a stream of edits postpone it for ever. */
  readonly mostMs: number;
  /** Replaces the changes by a checkpoint when there are so many updates. */
  readonly checkpointAfter: number;
}

/** When the application saves unless it is told otherwise. */
export const SAVE_OPTIONS: SaveOptions = {
  quietMs: 2000,
  updates: 100,
  mostMs: 30_000,
  checkpointAfter: 500,
};

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;

/** Decides when the changes of one document are saved. Takes the time as an argument and has no timers. */
export class SaveSchedule {
  readonly #options: SaveOptions;
  #waiting = 0;
  #oldestAt = 0;
  #newestAt = 0;
  #failures = 0;
  #failedAt = 0;

  constructor(options: SaveOptions = SAVE_OPTIONS) {
    this.#options = options;
  }

  /** Notes an update. */
  added(now: number): void {
    if (this.#waiting === 0) this.#oldestAt = now;
    this.#newestAt = now;
    this.#waiting += 1;
  }

  /** Returns when the next save is due; undefined if nothing waits. May be in the past. */
  dueAt(): number | undefined {
    if (this.#waiting === 0) return undefined;
    const { quietMs, updates, mostMs } = this.#options;
    const due =
      this.#waiting >= updates ? this.#oldestAt : Math.min(this.#newestAt + quietMs, this.#oldestAt + mostMs);
    return this.#failures === 0 ? due : Math.max(due, this.#failedAt + this.#pauseMs());
  }

  /** Notes that a save takes everything that waits. Updates that are added from now on belong to the next one. */
  began(): void {
    this.#waiting = 0;
  }

  /** Notes that a save has succeeded. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** Notes that a save has failed, and that its `updates` wait again. The next attempt is made later each time. */
  failed(updates: number, now: number): void {
    if (this.#waiting === 0) this.#newestAt = now;
    this.#waiting += updates;
    this.#oldestAt = now;
    this.#failures += 1;
    this.#failedAt = now;
  }

  #pauseMs(): number {
    return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 10));
  }
}
