import { OBJECT_OVERHEAD_BYTES, type Evictable, type Pool } from './budget';

/** A body as it was broadcast, kept for repair: operations `first` to `last`, or a part of one operation. */
export class RecentBody implements Evictable {
  readonly chargedBytes: number;
  /** The nodes that asked for it since `askedSince`: the first few. */
  askers: string[] = [];
  askedSince = -Infinity;
  /** When it was broadcast again. */
  repeatedAt = -Infinity;

  readonly #ring: OperationRing;

  constructor(
    ring: OperationRing,
    readonly first: number,
    readonly last: number,
    readonly body: Uint8Array,
  ) {
    this.#ring = ring;

    this.chargedBytes = body.length + OBJECT_OVERHEAD_BYTES;
  }

  evict(): void {
    this.#ring.dropThrough(this.last);
  }
}

/**
 * The recent operations of one own stream, kept for repair: encoded, without a gap, from {@link OperationRing.oldest} to `end - 1`. The memory
 * is the node's: when the pool is full, the oldest body of any stream goes.
 */
export class OperationRing {
  #bodies: RecentBody[] = [];
  /** Index of the oldest body; what is before it is gone. Faster than shifting the array for each new body. */
  #head = 0;
  /** The number after the last operation in the ring. */
  end: number;

  readonly #pool: Pool;

  constructor(pool: Pool, next: number) {
    this.#pool = pool;

    this.end = next;
  }

  /** The first operation that can still be repaired; `end` if there is none. */
  get oldest(): number {
    return this.#bodies[this.#head]?.first ?? this.end;
  }

  /** Adds operations `first` to `last` as they are broadcast. Default: from `end` on. */
  add(last: number, body: Uint8Array, first: number = this.end): void {
    const recent = new RecentBody(this, first, last, body);
    this.#bodies.push(recent);
    this.end = last + 1;
    this.#pool.take(recent);
  }

  /** Adds the single operation `end` in its parts. */
  addParts(bodies: readonly Uint8Array[]): void {
    const number = this.end;
    for (const body of bodies) this.add(number, body, number);
    // A pool smaller than the operation has dropped some of the parts already: what is left of it cannot be used.
    if (this.size < bodies.length) this.dropThrough(number);
  }

  /** Bodies in the ring. */
  get size(): number {
    return this.#bodies.length - this.#head;
  }

  /** Forgets everything; the next operation to be added is `next`. */
  restart(next: number): void {
    this.dropThrough(Infinity);
    this.end = next;
  }

  /** The bodies that contain any of `from` … `to`, oldest first. Costs its answer and the logarithm of the ring. */
  *between(from: number, to: number): Iterable<RecentBody> {
    for (let at = this.#indexOf(from); at < this.#bodies.length; at += 1) {
      const body = this.#bodies[at];
      if (body.first > to) return;
      yield body;
    }
  }

  /** Drops every body up to operation `last`: of an operation in parts all of them. */
  dropThrough(last: number): void {
    while (this.#head < this.#bodies.length && this.#bodies[this.#head].last <= last) {
      this.#pool.give(this.#bodies[this.#head]);
      this.#head += 1;
    }
    if (this.#head * 2 > this.#bodies.length) {
      this.#bodies = this.#bodies.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Drops every body up to the last one of more than so many bytes: what is left has no gap. */
  dropLargerThan(bytes: number): void {
    for (let at = this.#bodies.length - 1; at >= this.#head; at -= 1) {
      const { body, last } = this.#bodies[at];
      if (body.length > bytes) return this.dropThrough(last);
    }
  }

  /** Index of the first body that ends at or after `number`. */
  #indexOf(number: number): number {
    let [low, high] = [this.#head, this.#bodies.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#bodies[middle].last < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
