import type { Value } from '../term';
import type { Row } from './row';

/** Entry numbers per page: few enough that shifting rows inside a page costs next to nothing. */
export const PAGE_SIZE = 32;

/**
 * Some rows, ascending by entry number, and their values in the same order: a snapshot that no change touches.
 *
 * The values stand beside the rows, so that a loop over all values need not read the rows, see `Table.pages`.
 */
export interface PageSnapshot {
  readonly rows: readonly Row[];
  readonly values: readonly Value[];
}

/** The live rows of one owner with entry numbers from `first` to `first + PAGE_SIZE - 1`. */
export class Page {
  #rows: Row[] = [];
  #values: Value[] = [];
  #made: PageSnapshot | undefined = undefined;

  isEmpty = true;

  constructor(readonly first: number) {}

  get(number: number): Row | undefined {
    const row = this.#rows[this.#position(number)];
    return row?.number === number ? row : undefined;
  }

  /** Adds the rows with numbers in (from, to], until there are `limit` of them. */
  collect(from: number, to: number, limit: number, into: Row[]): void {
    for (const row of this.#rows) {
      if (row.number > to || into.length >= limit) return;
      if (row.number > from) into.push(row);
    }
  }

  /** Adds the rows from the highest number down, until there are `limit` of them. */
  collectNewest(limit: number, into: Row[]): void {
    for (let at = this.#rows.length - 1; at >= 0 && into.length < limit; at -= 1) into.push(this.#rows[at]);
  }

  /** The page as it is now: the next change copies it first. */
  snapshot(): PageSnapshot {
    return (this.#made ??= { rows: this.#rows, values: this.#values });
  }

  add(row: Row): void {
    if (this.#made !== undefined) this.#detach();
    const rows = this.#rows;
    const values = this.#values;
    const at = this.#position(row.number);
    for (let next = rows.length; next > at; next -= 1) {
      rows[next] = rows[next - 1];
      values[next] = values[next - 1];
    }
    rows[at] = row;
    values[at] = row.value;
    this.isEmpty = false;
  }

  remove(row: Row): void {
    if (this.#made !== undefined) this.#detach();
    const rows = this.#rows;
    const values = this.#values;
    // Faster than splice for so few rows: docs/performance-notes.md.
    for (let next = this.#position(row.number) + 1; next < rows.length; next += 1) {
      rows[next - 1] = rows[next];
      values[next - 1] = values[next];
    }
    rows.pop();
    values.pop();
    this.isEmpty = rows.length === 0;
  }

  /** Puts `row` in the place of the row with its number. */
  replace(row: Row): void {
    if (this.#made !== undefined) this.#detach();
    const at = this.#position(row.number);
    this.#rows[at] = row;
    this.#values[at] = row.value;
  }

  /** Copies the arrays, because a snapshot has them. */
  #detach(): void {
    this.#rows = this.#rows.slice();
    this.#values = this.#values.slice();
    this.#made = undefined;
  }

  /** Where a number is, or would have to be inserted. */
  #position(number: number): number {
    const rows = this.#rows;
    // A page without gaps, and the end of a page that is being filled, need no search.
    const offset = number - this.first;
    if (rows[offset]?.number === number) return offset;
    let end = rows.length;
    if (end === 0 || rows[end - 1].number < number) return end;
    let start = 0;
    while (start < end) {
      const middle = (start + end) >>> 1;
      if (rows[middle].number < number) start = middle + 1;
      else end = middle;
    }
    return start;
  }
}
