/**
 * One due moment per item, in a binary heap. It stands in cluster/, the lowest room that needs one; replication/ uses it too.
 *
 * Moving a moment leaves the old one in the heap, where it is recognised as stale and skipped; the heap is rebuilt when more than half
 * of it is stale, so it stays as small as the number of items. `set` and `takeDue` cost O(log n), `next` O(1) amortised.
 */
export class Schedule<K> {
  readonly #at = new Map<K, number>();
  #heap: { readonly at: number; readonly name: K }[] = [];

  /** How many names have a moment. */
  get size(): number {
    return this.#at.size;
  }

  /** Puts `name` at the moment `at`, in place of the one it had; Infinity removes it. */
  set(name: K, at: number): void {
    if (at === Infinity) {
      this.#at.delete(name);
      return;
    }
    if (this.#at.get(name) === at) return;
    this.#at.set(name, at);
    if (this.#heap.length >= 2 * this.#at.size + 16) this.#rebuild();
    else this.#rise({ at, name });
  }

  /** Puts `name` at `at` unless it is due sooner anyway. */
  hasten(name: K, at: number): void {
    if (at < this.at(name)) this.set(name, at);
  }

  /** The moment of `name`; Infinity if it has none. */
  at(name: K): number {
    return this.#at.get(name) ?? Infinity;
  }

  delete(name: K): void {
    this.#at.delete(name);
  }

  clear(): void {
    this.#at.clear();
    this.#heap = [];
  }

  /** The soonest moment; Infinity if there is none. */
  next(): number {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#at.get(top.name) === top.at) return top.at;
      this.#dropTop();
    }
    return Infinity;
  }

  /** Takes out one name whose moment has come; `undefined` if there is none. Ask again until then. */
  takeDue(now: number): K | undefined {
    const at = this.next();
    const top = this.#heap[0];
    if (top === undefined || at > now) return undefined;
    this.#dropTop();
    this.#at.delete(top.name);
    return top.name;
  }

  #rebuild(): void {
    this.#heap = [...this.#at].map(([name, at]) => ({ at, name }));
    this.#heap.sort((a, b) => a.at - b.at); // a sorted list is a heap
  }

  #rise(item: { readonly at: number; readonly name: K }): void {
    const heap = this.#heap;
    let index = heap.push(item) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent.at <= item.at) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = item;
  }

  #dropTop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1].at < heap[below].at) below += 1;
      if (heap[below].at >= last.at) break;
      heap[index] = heap[below]!;
      index = below;
    }
    heap[index] = last;
  }
}
