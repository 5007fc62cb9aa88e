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
  /** The change as monitors emit it; undefined until somebody has had {@link makeEvent} make it. */
  event: ChangeEvent<Key, Value> | undefined;

  constructor(change: Change, cause: Cause, sequence: number) {
    this.change = change;
    this.cause = cause;
    this.sequence = sequence;
  }

  /**
   * Makes the event for the first who asks. It is frozen, so that all observers can share it.
   *
   * A method of its own, so that what asks for the {@link event} is small and V8 compiles it into the loop over the observers: 56 to
   * 62 M deliveries a second to 1,000 monitors, and 27 to 36 M with both in one getter (in turns, on a busy machine).
   */
  makeEvent(): ChangeEvent<Key, Value> {
    const { change, cause } = this;
    const { key } = change;
    if (change.kind !== 'update') {
      const entries = Object.freeze(change.rows.map((row) => row.entry));
      return (this.event = Object.freeze({ type: change.kind, key, entries, cause }));
    }
    const entries = change.rows.map(({ entry: { id, pid, value } }, index) =>
      Object.freeze({ id, pid, old: change.old[index].value, value }),
    );
    return (this.event = Object.freeze({ type: 'update', key, entries: Object.freeze(entries), cause }));
  }
}
