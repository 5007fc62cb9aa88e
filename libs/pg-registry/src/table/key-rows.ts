import type { Key, Pid, Value } from '../term';
import type { Entry } from './entry';
import { shareKey, type Row, type RowsOfKey, type RowsOfProcess } from './row';
import { ShardedMap } from './sharded-map';

/**
 * Above this many rows, of the key and of the process, the newest row of the process is found by a Map instead of a walk.
 * A walk over 16 rows takes as long as a look into a Map, which waits for memory at large keys.
 */
export const LONGEST_WALK = 16;

/**
 * The rows of one key in lookup order, a list linked through the rows themselves, and the answers about this key.
 *
 * Lookup order: of one owner by entry number, between owners by arrival. Answers are made when first asked for, frozen,
 * and handed out again until the key changes.
 */
export class KeyRows implements RowsOfKey {
  #first: Row;
  #last: Row;
  #rowCount = 1;
  #ownCount: number;
  /** The newest row of every process. Made when it is first needed: for a process with many rows, in a key with many rows. */
  #newest: ShardedMap<RowsOfProcess, Row> | undefined = undefined;

  #madeRows: readonly Row[] | undefined = undefined;
  #madeEntries: readonly Entry<Key, Value>[] | undefined = undefined;
  #madeLocalEntries: readonly Entry<Key, Value>[] | undefined = undefined;
  #madeMembers: readonly Pid[] | undefined = undefined;
  #madeLocalMembers: readonly Pid[] | undefined = undefined;

  constructor(only: Row) {
    this.#first = this.#last = only;
    only.siblings = this;
    this.#ownCount = only.isOwn ? 1 : 0;
  }

  get key(): Key {
    return this.#first.key;
  }

  get size(): number {
    return this.#rowCount;
  }

  /** Whether {@link entries} was asked since the last change. */
  get hasEntries(): boolean {
    return this.#madeEntries !== undefined;
  }

  /** Rows owned by this node. */
  get ownSize(): number {
    return this.#ownCount;
  }

  /** `lookup(key)`. */
  entries(): readonly Entry<Key, Value>[] {
    return (this.#madeEntries ??= Object.freeze(this.rows().map((row) => row.entry)));
  }

  /** `lookupLocal(key)`. */
  localEntries(): readonly Entry<Key, Value>[] {
    if (this.#ownCount === this.#rowCount) return this.entries();
    return (this.#madeLocalEntries ??= Object.freeze(this.ownRows().map((row) => row.entry)));
  }

  /** `members(key)`: a pid for each of its rows. */
  members(): readonly Pid[] {
    return (this.#madeMembers ??= Object.freeze(this.rows().map((row) => row.pid)));
  }

  /** `membersLocal(key)`. */
  localMembers(): readonly Pid[] {
    if (this.#ownCount === this.#rowCount) return this.members();
    return (this.#madeLocalMembers ??= Object.freeze(this.ownRows().map((row) => row.pid)));
  }

  /** All rows, in lookup order. */
  rows(): readonly Row[] {
    if (this.#madeRows === undefined) {
      const rows: Row[] = [];
      for (let row: Row | undefined = this.#first; row !== undefined; row = row.next) rows.push(row);
      this.#madeRows = Object.freeze(rows);
    }
    return this.#madeRows;
  }

  /** The rows of this node, in lookup order. */
  ownRows(): readonly Row[] {
    return this.#ownCount === 0 ? [] : this.rows().filter((row) => row.isOwn);
  }

  /** Whether an owner has more than one row here. Costs a walk over the rows of others. */
  hasSeveralOf(owner: string): boolean {
    let count = 0;
    for (let row: Row | undefined = this.#first; row !== undefined; row = row.next) {
      if (row.pid.incarnation !== owner) continue;
      count += 1;
      if (count > 1) return true;
    }
    return false;
  }

  /** The row that `process` registered last under this key. Constant time. */
  newestOf(process: RowsOfProcess): Row | undefined {
    if (process.count <= LONGEST_WALK) return process.newestUnder(this.key);
    if (this.#rowCount > LONGEST_WALK) return (this.#newest ??= this.#newestOfAll()).get(process);
    let row: Row | undefined = this.#last;
    while (row !== undefined && row.process !== process) row = row.previous;
    return row;
  }

  /**
   * Adds a row, which its process's list must have already, at its place: behind all others or, if its owner already has
   * rows with higher numbers here, before these.
   * Cost: constant in the first case; in the second, which only a re-sync brings, the rows between `near` and its place.
   *
   * @param near A row of the same owner with a lower number. Default: searched for from the end.
   */
  add(row: Row, near?: Row): void {
    const successor = row.number > row.process.owner.highest ? undefined : this.#successorOf(row, near);
    this.#insert(row, successor === undefined ? this.#last : successor.previous, successor);
    this.#rowCount += 1;
    if (row.isOwn) this.#ownCount += 1;
    this.#changed();
    if (this.#newest !== undefined && isNewest(row)) this.#newest.set(row.process, row);
  }

  /** Removes a row that its process's list must still have. When it was the last one, this object is of no use any more. */
  remove(row: Row): void {
    if (this.#newest !== undefined && isNewest(row)) {
      const older = row.older;
      if (older !== undefined && shareKey(older, row)) this.#newest.set(row.process, older);
      else this.#newest.delete(row.process);
    }
    const { previous, next } = row;
    if (previous !== undefined) previous.next = next;
    else if (next !== undefined) this.#first = next;
    if (next !== undefined) next.previous = previous;
    else if (previous !== undefined) this.#last = previous;
    row.previous = row.next = row.siblings = undefined;
    this.#rowCount -= 1;
    if (row.isOwn) this.#ownCount -= 1;
    this.#changed();
  }

  /** Puts `row` where `old` was; the process's list must still have `old`. */
  replace(old: Row, row: Row): void {
    this.#insert(row, old.previous, old.next);
    old.previous = old.next = old.siblings = undefined;
    if (this.#newest !== undefined && isNewest(old)) this.#newest.set(row.process, row);
    // The members stay, and so do their arrays.
    this.#madeRows = this.#madeEntries = this.#madeLocalEntries = undefined;
  }

  #insert(row: Row, previous: Row | undefined, next: Row | undefined): void {
    row.siblings = this;
    row.previous = previous;
    row.next = next;
    if (previous === undefined) this.#first = row;
    else previous.next = row;
    if (next === undefined) this.#last = row;
    else next.previous = row;
  }

  /** The row of the same owner that has the next higher number. */
  #successorOf(row: Row, near: Row | undefined): Row | undefined {
    const { owner } = row.process;
    if (near !== undefined) {
      let next = near.next;
      while (next !== undefined && (next.process.owner !== owner || next.number < row.number))
        next = next.next;
      return next;
    }
    let successor: Row | undefined = undefined;
    for (let other: Row | undefined = this.#last; other !== undefined; other = other.previous) {
      if (other.process.owner !== owner) continue;
      if (other.number < row.number) break;
      successor = other;
    }
    return successor;
  }

  #newestOfAll(): ShardedMap<RowsOfProcess, Row> {
    const newest = new ShardedMap<RowsOfProcess, Row>((process) => process.pid.id);
    // Of one process the rows come in order of their numbers, so the last one set is the newest.
    for (let row: Row | undefined = this.#first; row !== undefined; row = row.next)
      newest.set(row.process, row);
    return newest;
  }

  #changed(): void {
    this.#madeRows = this.#madeEntries = this.#madeLocalEntries = undefined;
    this.#madeMembers = this.#madeLocalMembers = undefined;
  }
}

/** Whether its process has no younger row of the same key: in the list of the process these are neighbours. */
function isNewest(row: Row): boolean {
  return row.newer === undefined || !shareKey(row.newer, row);
}
