/** Something that is due at a moment. */
interface Item {
  readonly at: number;
  /** Tells items of one moment apart, in the order of their making. */
  readonly order: number;
  /** Undefined: cancelled. */
  run: (() => void) | undefined;
}

/** What is due when. Adding and taking cost O(log n); an item that was cancelled stays until its moment. */
export class Agenda {
  /** A binary heap: each item is due no later than its two children. */
  readonly #heap: Item[] = [];
  #count = 0;

  /** Plans a step. @returns What cancels it; idempotent */
  add(at: number, run: () => void): () => void {
    const item: Item = { at, order: (this.#count += 1), run };
    this.#heap.push(item);
    this.#rise(this.#heap.length - 1);
    return () => {
      item.run = undefined;
    };
  }

  /** When the next step is due; undefined: never. */
  next(): number | undefined {
    while (this.#heap.length > 0 && this.#heap[0].run === undefined) this.#takeFirst();
    return this.#heap[0]?.at;
  }

  /** Runs everything that is due at `now`, in the order of the moments. What a step plans for then or earlier runs, too. */
  runDue(now: number): void {
    for (let at = this.next(); at !== undefined && at <= now; at = this.next()) this.#takeFirst().run?.();
  }

  #takeFirst(): Item {
    const [first] = this.#heap;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink();
    }
    return first;
  }

  #rise(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(this.#heap[index], this.#heap[parent])) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(): void {
    let index = 0;
    for (;;) {
      const left = index * 2 + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const child = right < this.#heap.length && isBefore(this.#heap[right], this.#heap[left]) ? right : left;
      if (!isBefore(this.#heap[child], this.#heap[index])) return;
      this.#swap(index, child);
      index = child;
    }
  }

  #swap(a: number, b: number): void {
    [this.#heap[a], this.#heap[b]] = [this.#heap[b], this.#heap[a]];
  }
}

function isBefore(a: Item, b: Item): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
