import { RECORD_AGE_MS } from '../lease-store';
import type { Agenda } from './agenda';

/** When the record of a held key is written again, so that the store does not drop it for its age. */
const TOUCH_MS = RECORD_AGE_MS / 4;
/** So many records are written again in one step at most. */
const MOST_TOUCHES = 100;

/** Knows when the record of each held key was written last, and says which have to be written again. */
export class RecordAges {
  /** By name, the oldest first. */
  readonly #writtenAt = new Map<string, number>();
  readonly #agenda: Agenda;
  readonly #now: () => number;
  readonly #touch: (name: string) => void;

  /** @param touch Writes a record again */
  constructor(agenda: Agenda, now: () => number, touch: (name: string) => void) {
    this.#agenda = agenda;
    this.#now = now;
    this.#touch = touch;
  }

  /** The record was written now. */
  written(name: string): void {
    const wasEmpty = this.#writtenAt.size === 0;
    this.#writtenAt.delete(name); // so that the order of the Map is that of the writes
    this.#writtenAt.set(name, this.#now());
    if (wasEmpty) this.#plan();
  }

  /** The key is not held any more. */
  forget(name: string): void {
    this.#writtenAt.delete(name);
  }

  #plan(): void {
    for (const writtenAt of this.#writtenAt.values()) {
      this.#agenda.add(Math.max(writtenAt + TOUCH_MS, this.#now() + 1), () => this.#touchOldest());
      return;
    }
  }

  #touchOldest(): void {
    let left = MOST_TOUCHES;
    for (const [name, writtenAt] of this.#writtenAt) {
      if (writtenAt + TOUCH_MS > this.#now() || left === 0) break;
      left -= 1;
      this.#writtenAt.delete(name);
      this.#writtenAt.set(name, this.#now());
      this.#touch(name);
    }
    this.#plan();
  }
}
