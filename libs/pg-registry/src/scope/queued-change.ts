import type { Change } from '../table';
import type { Key, Value } from '../term';
import type { Cause, ChangeEvent } from './event';

/** A change of the table in the queue of the {@link Feed}, shared by all who are told of it. */
export class QueuedChange {
  /** What the table changed. */
  readonly change: Change;
  /** Why it changed. */
  readonly cause: Cause;
  /** Its place in the one order of all changes of a run. A snapshot contains every change up to some number. */
  readonly sequence: number;
  #event: ChangeEvent<Key, Value> | undefined;

  constructor(change: Change, cause: Cause, sequence: number) {
    this.change = change;
    this.cause = cause;
    this.sequence = sequence;
  }

  /** The change as monitors emit it; made when the first one asks. It is frozen, so that all observers can share it. */
  get event(): ChangeEvent<Key, Value> {
    if (this.#event !== undefined) return this.#event;
    const { change, cause } = this;
    const { key } = change;
    if (change.kind !== 'update') {
      const entries = Object.freeze(change.rows.map((row) => row.entry));
      return (this.#event = Object.freeze({ type: change.kind, key, entries, cause }));
    }
    const entries = change.rows.map(({ entry: { id, pid, value } }, index) =>
      Object.freeze({ id, pid, old: change.old[index].value, value }),
    );
    return (this.#event = Object.freeze({ type: 'update', key, entries: Object.freeze(entries), cause }));
  }
}
