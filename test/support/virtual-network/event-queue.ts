interface ScheduledEvent {
  readonly at: number;
  readonly order: number;
  /** `undefined` once the event is cancelled. */
  run: (() => void) | undefined;
}

/** More events than this at one virtual moment mean that something schedules itself for ever. */
const MAX_EVENTS_PER_MOMENT = 100_000;

/** Virtual time in milliseconds, as a binary heap of events. Events of one moment run in the order in which they were scheduled. */
export class EventQueue {
  now = 0;
  readonly #heap: ScheduledEvent[] = [];
  #order = 0;
  #eventsThisMoment = 0;

  /** Schedules `run` for `delayMs` from now. @returns A function that cancels it. */
  after(delayMs: number, run: () => void): () => void {
    return this.at(this.now + delayMs, run);
  }

  /** Schedules `run` for a moment; a moment in the past counts as now. @returns A function that cancels it. */
  at(moment: number, run: () => void): () => void {
    const event: ScheduledEvent = { at: Math.max(this.now, moment), order: this.#order++, run };
    this.#heap.push(event);
    this.#siftUp(this.#heap.length - 1);
    return () => {
      event.run = undefined;
    };
  }

  /** Moves time forward by `ms` and runs every event that is due on the way. @throws Error if one moment never ends */
  advance(ms: number): void {
    const end = this.now + ms;
    while (this.runNext(end));
  }

  /**
   * Runs the next event that is due until a moment, or moves time there if there is none. For code with promises, which gets on between two events.
   *
   * @returns Whether there was one.
   * @throws Error if one moment never ends
   */
  runNext(end: number): boolean {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#removeFirst();
      this.#eventsThisMoment = next.at > this.now ? 0 : this.#eventsThisMoment + 1;
      if (this.#eventsThisMoment > MAX_EVENTS_PER_MOMENT)
        throw new Error(`More than ${MAX_EVENTS_PER_MOMENT} events ran at ${this.now} ms.`);
      this.now = next.at;
      if (next.run === undefined) continue;
      next.run();
      return true;
    }
    this.now = end;
    return false;
  }

  #removeFirst(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#siftDown(0);
  }

  #siftUp(index: number): void {
    const heap = this.#heap;
    const item = heap[index];
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(item, heap[parent])) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = item;
  }

  #siftDown(index: number): void {
    const heap = this.#heap;
    const item = heap[index];
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child += 1;
      if (!isBefore(heap[child], item)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = item;
  }
}

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
