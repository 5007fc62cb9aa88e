import type { Key, Pid } from '../term';
import type { Change } from './diff';
import { shareKey, type Row, type RowsOfOwner, type RowsOfProcess } from './row';

/**
 * The rows of one process: a list linked through the rows themselves, from `oldest` to `newest`.
 *
 * The rows of one key are neighbours, in order of their numbers; keys are in order of their first registration. This one
 * list so answers `keysOf(pid)`, `valuesOf(key, pid)`, "its newest row under this key" once one of them is known, and
 * what leaves at the end of the process, grouped by key, each at the cost of the answer.
 */
export class ProcessRows implements RowsOfProcess {
  #oldest: Row | undefined = undefined;
  #newest: Row | undefined = undefined;
  #rowCount = 0;
  #madeKeys: readonly Key[] | undefined = undefined;

  constructor(
    readonly pid: Pid,
    readonly owner: RowsOfOwner,
  ) {}

  get count(): number {
    return this.#rowCount;
  }

  /** The last row that the process registered under a primitive, or under the key of a row. Cost: the rows of the process. */
  newestUnder(key: Key): Row | undefined {
    let newest = this.#newest;
    while (newest !== undefined && !Object.is(newest.key, key)) newest = newest.older;
    return newest;
  }

  /** Each key once, in order of first registration. Frozen, and the same array until the rows change. */
  keys(): readonly Key[] {
    if (this.#madeKeys === undefined) {
      const keys: Key[] = [];
      for (let row = this.#oldest; row !== undefined; row = row.newer) {
        if (row.older === undefined || !shareKey(row.older, row)) keys.push(row.key);
      }
      this.#madeKeys = Object.freeze(keys);
    }
    return this.#madeKeys;
  }

  /** All rows as one leave per key, newest first within each key. */
  leaves(): Change[] {
    const changes: Change[] = [];
    let ofKey: Row[] = [];
    for (let row = this.#newest; row !== undefined; row = row.older) {
      if (row.newer === undefined || !shareKey(row.newer, row)) {
        ofKey = [];
        changes.push({ kind: 'leave', key: row.key, rows: ofKey });
      }
      ofKey.push(row);
    }
    return changes;
  }

  /**
   * Adds a row, `sibling` being the newest row that this process already has under the same key.
   * Cost: constant; if the row is older than `sibling` (only a re-sync brings that), the rows between `near` and its place.
   *
   * @param near A row of this process under the same key with a lower number. Default: searched for from `sibling`.
   */
  add(row: Row, sibling: Row | undefined, near?: Row): void {
    if (sibling === undefined) this.#insert(row, this.#newest, undefined);
    else if (near !== undefined && sibling.number > row.number) {
      let older = near;
      // `sibling` is behind, so there is always a newer one.
      while (older.newer !== undefined && older.newer.number < row.number) older = older.newer;
      this.#insert(row, older, older.newer);
    } else {
      let younger: Row | undefined = undefined;
      let older: Row | undefined = sibling;
      while (older !== undefined && older.number > row.number && shareKey(older, row)) {
        younger = older;
        older = older.older;
      }
      this.#insert(row, older, younger ?? sibling.newer);
    }
    this.#rowCount += 1;
    this.#madeKeys = undefined;
  }

  remove(row: Row): void {
    if (row.older === undefined) this.#oldest = row.newer;
    else row.older.newer = row.newer;
    if (row.newer === undefined) this.#newest = row.older;
    else row.newer.older = row.older;
    row.older = row.newer = undefined;
    this.#rowCount -= 1;
    this.#madeKeys = undefined;
  }

  /** Puts `row` where `old` was. */
  replace(old: Row, row: Row): void {
    this.#insert(row, old.older, old.newer);
    old.older = old.newer = undefined;
  }

  #insert(row: Row, older: Row | undefined, newer: Row | undefined): void {
    row.older = older;
    row.newer = newer;
    if (older === undefined) this.#oldest = row;
    else older.newer = row;
    if (newer === undefined) this.#newest = row;
    else newer.older = row;
  }
}

/** The rows that the process of `newest` has under the same key, oldest first; `newest` is the youngest of them. */
export function rowsUpTo(newest: Row): Row[] {
  let oldest = newest;
  while (oldest.older !== undefined && shareKey(oldest.older, newest)) oldest = oldest.older;
  const rows = [oldest];
  for (let row = oldest; row !== newest; rows.push(row)) row = row.newer!;
  return rows;
}
