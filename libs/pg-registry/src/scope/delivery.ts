import type { Change } from '../table';
import type { Key, Value } from '../term';
import { eventOf, type Cause, type ChangeEvent } from './event';

/** A change on its way to its observers: one object for all of them. */
export class Delivery {
  readonly change: Change;
  readonly cause: Cause;
  /** Its place in the one order of all changes; a snapshot contains everything up to a number. */
  readonly sequence: number;
  #event: ChangeEvent<Key, Value> | undefined;

  constructor(change: Change, cause: Cause, sequence: number) {
    this.change = change;
    this.cause = cause;
    this.sequence = sequence;
  }

  /** The change as monitors see it; made when the first asks. */
  get event(): ChangeEvent<Key, Value> {
    return (this.#event ??= eventOf(this.change, this.cause));
  }
}
