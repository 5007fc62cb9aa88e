import type { Key } from '../../term';
import { RememberedKeys } from './remembered-keys';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** Keys that are remembered; the one that failed longest ago is forgotten first. */
const MOST_KEYS = 1000;

/** A key whose entity cannot be started. */
export interface StartPause {
  /** How often in a row. */
  readonly failures: number;
  /** Until when nobody tries again. */
  readonly until: number;
  /** What the last start failed with. */
  readonly why: string;
}

/** The keys of one type that failed to start: after each failure in a row nobody tries for twice as long, 30 s at most. */
export class StartPauses {
  readonly #byKey = new RememberedKeys<StartPause>(MOST_KEYS);

  /** Keys that are remembered. */
  get size(): number {
    return this.#byKey.size;
  }

  failed(key: Key, why: string, now: number): void {
    const failures = (this.#byKey.get(key)?.failures ?? 0) + 1;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 20));
    this.#byKey.note(key, { failures, until: now + pauseMs, why }, why);
  }

  started(key: Key): void {
    this.#byKey.delete(key);
  }

  /** Returns the pause of a key, if one is not over. */
  of(key: Key, now: number): StartPause | undefined {
    const pause = this.#byKey.get(key);
    return pause !== undefined && now < pause.until ? pause : undefined;
  }
}
