/**
 * Observers that hear the same thing. Coming and going are O(1); the list that a delivery walks is made again after a
 * change, so a delivery under way is not disturbed by observers that come or go meanwhile.
 */
export class Audience<T> {
  readonly #members = new Set<T>();
  readonly #newestFirst: boolean;
  #list: readonly T[] | undefined;

  constructor(order: 'oldest-first' | 'newest-first') {
    this.#newestFirst = order === 'newest-first';
  }

  get size(): number {
    return this.#members.size;
  }

  add(member: T): void {
    this.#members.add(member);
    this.#list = undefined;
  }

  delete(member: T): void {
    this.#members.delete(member);
    this.#list = undefined;
  }

  /** The members at this moment, in the audience's order. */
  list(): readonly T[] {
    if (this.#list === undefined) {
      const members = [...this.#members];
      this.#list = this.#newestFirst ? members.toReversed() : members;
    }
    return this.#list;
  }
}
