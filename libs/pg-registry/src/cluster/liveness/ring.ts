import { hash32 } from '../../wire';

/** A member and its position on the ring. */
interface Place<T> {
  readonly position: number;
  readonly incarnation: string;
  readonly member: T;
}

/** The position of a node on the ring: a 32-bit hash of (name, incarnation), the same for everybody. */
export function ringPosition(node: string, incarnation: string): number {
  return hash32(`${incarnation}${node}`);
}

/**
 * All peers in the order of their positions. Every node computes the same ring without exchanging anything, so all agree on the few
 * watchers of each: those just before it. A change costs O(log n) and a copy of n places; `after` costs the members that it looks at.
 */
export class Ring<T extends { readonly node: string; readonly incarnation: string }> {
  readonly #places: Place<T>[] = [];

  add(member: T): void {
    const { node, incarnation } = member;
    const position = ringPosition(node, incarnation);
    this.#places.splice(this.#indexOf(position, incarnation), 0, { position, incarnation, member });
  }

  delete({ node, incarnation }: T): void {
    const index = this.#indexOf(ringPosition(node, incarnation), incarnation);
    if (this.#places[index]?.incarnation === incarnation) this.#places.splice(index, 1);
  }

  /** The next `count` members behind `self` that `accept` accepts. */
  after(
    self: { readonly node: string; readonly incarnation: string },
    count: number,
    accept: (member: T) => boolean,
  ): T[] {
    const found: T[] = [];
    const start = this.#indexOf(ringPosition(self.node, self.incarnation), self.incarnation);
    for (let step = 0; step < this.#places.length && found.length < count; step += 1) {
      const { member } = this.#places[(start + step) % this.#places.length];
      if (accept(member)) found.push(member);
    }
    return found;
  }

  /** The first index that is not before (position, incarnation). */
  #indexOf(position: number, incarnation: string): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const place = this.#places[middle];
      const before =
        place.position < position || (place.position === position && place.incarnation < incarnation);
      if (before) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
