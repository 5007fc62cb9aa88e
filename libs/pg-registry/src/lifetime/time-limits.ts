import type { Timers } from './timers';

/** Somebody who waits for so long at most. Linked to those who wait behind and before it, so that to leave costs O(1) and no memory. */
export abstract class LimitedWait {
  /** Who waits next to it, and among whom. Only {@link TimeLimits} reads and sets these three. */
  waitsIn: LimitQueue | undefined;
  before: LimitedWait | undefined;
  after: LimitedWait | undefined;

  /** Milliseconds that are left. */
  abstract readonly remainingMs: number;
  /** Its time is up. It waits no longer. */
  abstract timeUp(): void;
}

/** Those with the same time limit. They came one after the other, so the first one's time is up first, or a millisecond too late. */
interface LimitQueue {
  readonly ms: number;
  first: LimitedWait | undefined;
  last: LimitedWait | undefined;
  cancelTimer: (() => void) | undefined;
}

/** Queues beyond this many are dropped once they are empty: a caller may compute another limit for each call. */
const MOST_IDLE_QUEUES = 16;

/**
 * The time limits of many waits, with one timer for all that have the same limit. It stays when its wait ends, and then fires for nothing:
 * nearly all waits end long before their limits, and to set and cancel a timer for each took a tenth of a call. Whoever waits keeps the
 * Node.js process alive.
 */
export class TimeLimits {
  readonly #byMs = new Map<number, LimitQueue>();
  readonly #timers: Timers;
  #size = 0;
  #mostIdle = MOST_IDLE_QUEUES;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** @param ms What is left to it, in whole milliseconds. */
  add(wait: LimitedWait, ms: number): void {
    let queue = this.#byMs.get(ms);
    if (queue === undefined) {
      queue = { ms, first: undefined, last: undefined, cancelTimer: undefined };
      this.#byMs.set(ms, queue);
    }
    const { last } = queue;
    wait.waitsIn = queue;
    wait.before = last;
    queue.last = wait;
    if (last === undefined) queue.first = wait;
    else last.after = wait;
    if (this.#size === 0) this.#timers.stayAlive(true);
    this.#size += 1;
    if (queue.cancelTimer === undefined) this.#arm(queue, ms);
  }

  /** Waits no longer. Idempotent. */
  remove(wait: LimitedWait): void {
    const { waitsIn: queue, before, after } = wait;
    if (queue === undefined) return;
    if (before === undefined) queue.first = after;
    else before.after = after;
    if (after === undefined) queue.last = before;
    else after.before = before;
    wait.waitsIn = wait.before = wait.after = undefined;
    this.#size -= 1;
    if (this.#size === 0) this.#timers.stayAlive(false);
    if (queue.first === undefined && this.#byMs.size > this.#mostIdle) this.#drop(queue);
  }

  /** From now on a timer is stopped as soon as nobody waits for it. */
  close(): void {
    this.#mostIdle = 0;
    for (const queue of this.#byMs.values()) if (queue.first === undefined) this.#drop(queue);
  }

  #drop(queue: LimitQueue): void {
    queue.cancelTimer?.();
    queue.cancelTimer = undefined;
    this.#byMs.delete(queue.ms);
  }

  #arm(queue: LimitQueue, ms: number): void {
    queue.cancelTimer = this.#timers.setTimer(ms, () => this.#expire(queue));
  }

  #expire(queue: LimitQueue): void {
    queue.cancelTimer = undefined;
    try {
      for (let { first } = queue; first !== undefined && first.remainingMs <= 0; { first } = queue) {
        this.remove(first);
        first.timeUp();
      }
    } finally {
      // Also if one of them threw: the others still have their limits.
      if (queue.first !== undefined && queue.cancelTimer === undefined)
        this.#arm(queue, queue.first.remainingMs);
    }
  }
}
