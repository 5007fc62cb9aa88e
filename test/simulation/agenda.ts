/** Something that will happen. */
interface Appointment {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** More at one moment is no coincidence but something that never comes to rest. */
const MOST_IN_A_MOMENT = 100_000;

/** Virtual time: what happens when. A binary heap; what is due at one moment happens in the order in which it was set. */
export class Agenda {
  now = 0;
  readonly #heap: Appointment[] = [];
  #order = 0;
  #inThisMoment = 0;

  /** Sets something for `delayMs` from now. @returns What cancels it. */
  after(delayMs: number, run: () => void): () => void {
    return this.at(this.now + delayMs, run);
  }

  /** Sets something for a moment that is not in the past. @returns What cancels it. */
  at(moment: number, run: () => void): () => void {
    const appointment: Appointment = { at: Math.max(this.now, moment), order: this.#order++, run };
    this.#heap.push(appointment);
    this.#rise(this.#heap.length - 1);
    return () => {
      appointment.run = undefined;
    };
  }

  /** Lets time pass, and everything happen that is due until then. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#takeFirst();
      this.#inThisMoment = next.at > this.now ? 0 : this.#inThisMoment + 1;
      if (this.#inThisMoment > MOST_IN_A_MOMENT) throw new Error('something is due again and again');
      this.now = next.at;
      next.run?.();
    }
    this.now = end;
  }

  #takeFirst(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(index: number): void {
    const heap = this.#heap;
    const item = heap[index];
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(item, heap[parent])) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = item;
  }

  #sink(index: number): void {
    const heap = this.#heap;
    const item = heap[index];
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child += 1;
      if (!before(heap[child], item)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = item;
  }
}

function before(a: Appointment, b: Appointment): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
