import { heapBytesOfKey, isArray, type Key, LONGEST_HASHED, sameKey, samePid, type Value } from '../term';
import { changePerKey, joinPerKey, NO_CHANGE, oneChange, updatePerKey, type Diff } from './diff';
import { EMPTY_DIGEST, type Digest } from './digest';
import type { Indexes } from './indexes';
import { RecentPlaces } from './recent-places';
import type { RemoteGroup, RemoteOperation, SyncChunk, SyncRow } from './remote-operation';
import type { Row, RowsOfKey } from './row';

/** The size of what one owner has in a scope. */
export interface EntriesSize {
  readonly count: number;
  /** In bytes. */
  readonly heapBytes: number;
}

const NOTHING: EntriesSize = { count: 0, heapBytes: 0 };

/**
 * The entries of one other node in a table, which its stream and its syncs change; made by `Table.remote`. Every mutation returns its
 * {@link Diff}, as the table's own do, and touches only rows of this owner. Of this node itself they change nothing.
 */
export class RemoteEntries {
  /** The incarnation that owns them. */
  readonly owner: string;
  /** What removing rows has cost so far because their keys are large, in rows with small keys that might have been removed instead. */
  extraCost = 0;
  readonly #indexes: Indexes;

  /** @internal only the table makes them. */
  constructor(owner: string, indexes: Indexes) {
    this.owner = owner;
    this.#indexes = indexes;
  }

  /** How many there are. Constant time. */
  get count(): number {
    return this.#indexes.owner(this.owner)?.count ?? 0;
  }

  /** How many there are, and an upper estimate of what they take in memory, as of now. Constant time. */
  get size(): EntriesSize {
    return this.#indexes.owner(this.owner) ?? NOTHING;
  }

  /** The digest over them. Constant time: it is kept up to date by every change. */
  digest(): Digest {
    return this.#indexes.owner(this.owner)?.digest.read() ?? EMPTY_DIGEST;
  }

  /**
   * Applies an operation of the owner, in its order. It skips entries with numbers above `cursor` (a sync will bring them), joins of a
   * number that is known or of a process that is not the owner's, and unknown numbers.
   *
   * @param cursor How far a running sync has come; `Infinity` when there is none
   */
  apply({ number: revision, groups }: RemoteOperation, cursor: number): Diff {
    if (this.owner === this.#indexes.own.incarnation) return NO_CHANGE;
    const reach: OperationReach = { revision, cursor };
    return groups.length === 1
      ? this.#applyGroup(groups[0], reach)
      : groups.flatMap((group) => this.#applyGroup(group, reach));
  }

  /** What {@link extraCost} would rise by with an operation. */
  extraCostOf({ groups }: RemoteOperation): number {
    let cost = 0;
    for (const group of groups) {
      if (group.kind !== 'leave') continue;
      for (const number of group.numbers) {
        const row = this.#indexes.owner(this.owner)?.get(number);
        if (row !== undefined) cost += extraCostOf(row);
      }
    }
    return cost;
  }

  #applyGroup(group: RemoteGroup, reach: OperationReach): Diff {
    if (group.kind === 'leave') return this.#leave(group.numbers, reach);
    if (group.kind === 'update') return this.#update(group.entries, reach);
    const { owner } = this;
    const { revision, cursor } = reach;
    const joined: Row[] = [];
    for (const { number, pid, value } of group.entries) {
      if (number > cursor || pid.incarnation !== owner) continue;
      // An owner's numbers rise from join to join, so it made none of these: each would have to be searched for its place.
      if (number <= (this.#indexes.owner(owner)?.highest ?? -1)) continue;
      joined.push(this.#indexes.insert(number, group.key, pid, value, revision, joined.at(-1)));
    }
    return oneChange('join', joined);
  }

  #leave(numbers: readonly number[], { cursor }: OperationReach): Diff {
    const left = new Leaving(this.#indexes);
    for (const number of numbers) {
      const row = number <= cursor ? this.#indexes.owner(this.owner)?.get(number) : undefined;
      if (row !== undefined) left.remove(row);
    }
    return this.#leavesOf(left);
  }

  #leavesOf(left: Leaving): Diff {
    this.extraCost += left.extraCost;
    return left.diff();
  }

  #update(
    entries: readonly { readonly number: number; readonly value: Value }[],
    { revision, cursor }: OperationReach,
  ): Diff {
    const old: Row[] = [];
    const rows: Row[] = [];
    const siblings: (RowsOfKey | undefined)[] = [];
    for (const { number, value } of entries) {
      const row = number <= cursor ? this.#indexes.owner(this.owner)?.get(number) : undefined;
      if (row === undefined) continue;
      old.push(row);
      siblings.push(row.siblings);
      rows.push(this.#indexes.replace(row, value, revision));
    }
    return updatePerKey(rows, old, siblings);
  }

  /**
   * Makes those with numbers in (from, to] equal to the chunk, by the shortest way: leaves of entries that are not listed, then joins,
   * then updates where the revision differs; one change per key and kind. Rows that an operation after the chunk has touched are left
   * alone. An operation that *removed* a row leaves no trace, so a chunk must not be merged once operations above its `at` have been
   * applied to its numbers.
   *
   * A row that comes late takes its place in lookup order, see `Table`: this costs a walk over the rows of its key behind that
   * place, and happens only if the owner already had rows with higher numbers here.
   */
  merge(chunk: SyncChunk): Diff {
    const { owner } = this;
    if (owner === this.#indexes.own.incarnation) return NO_CHANGE;
    const listed = listedIn(chunk, owner);
    const left = this.#removeUnlisted(chunk, listed);

    const places = new RecentPlaces();
    const joined: Row[] = [];
    // Of the row that joined last, as the chunk has it: rows of one key in a row have the same one.
    let keyOfLast: Key | undefined;
    const updated: Row[] = [];
    const old: Row[] = [];
    const siblings: (RowsOfKey | undefined)[] = [];
    for (const { number, key, pid, value, revision } of listed) {
      const row = this.#indexes.owner(owner)?.get(number);
      if (row === undefined) {
        const beside = key === keyOfLast ? joined.at(-1) : undefined;
        joined.push(this.#indexes.insert(number, key, pid, value, revision, beside, places));
        keyOfLast = key;
      } else if (row.revision <= chunk.at && row.revision !== revision) {
        old.push(row);
        siblings.push(row.siblings);
        updated.push(this.#indexes.replace(row, value, revision));
      }
    }
    return [...this.#leavesOf(left), ...joinPerKey(joined), ...updatePerKey(updated, old, siblings)];
  }

  /**
   * The number of the `nth` entry above `from`, one with a large key counting as the rows that might be removed instead; Infinity if there
   * are fewer. Cost: `nth`, and the logarithm of their number.
   */
  numberOf(nth: number, from: number): number {
    let left = nth;
    for (const row of this.#indexes.owner(this.owner)?.between(from, Infinity, nth) ?? []) {
      left -= 1 + extraCostOf(row);
      if (left <= 0) return row.number;
    }
    return Infinity;
  }

  /** Removes the rows that the owner no longer has, but none that an operation after the chunk has touched. */
  #removeUnlisted({ from, to, at: takenAt }: SyncChunk, listed: readonly SyncRow[]): Leaving {
    const left = new Leaving(this.#indexes);
    const comparison = new KeyComparison();
    let at = 0;
    for (const row of this.#indexes.owner(this.owner)?.between(from, to) ?? []) {
      while (at < listed.length && listed[at].number < row.number) at += 1;
      const isListed = at < listed.length && isSameEntry(row, listed[at], comparison);
      if (!isListed && row.revision <= takenAt) left.remove(row);
    }
    return left;
  }

  /**
   * Removes the newest of them, at most `limit`, one with a large key counting as the rows that might be removed instead: one change per
   * key, newest first. Cost: the answer.
   */
  removeNewest(limit = Infinity): Diff {
    if (this.owner === this.#indexes.own.incarnation) return NO_CHANGE;
    const left = new Leaving(this.#indexes);
    for (const row of this.#indexes.owner(this.owner)?.newest(limit) ?? []) {
      if (left.count + left.extraCost >= limit) break;
      left.remove(row);
    }
    return this.#leavesOf(left);
  }
}

/** As which revision, and up to which entry number, an operation changes rows. */
interface OperationReach {
  readonly revision: number;
  readonly cursor: number;
}

/** The rows of the owner that belong into the chunk, ascending. Those of a well-behaved peer are, and are not copied. */
function listedIn({ from, to, rows }: SyncChunk, owner: string): readonly SyncRow[] {
  let last = from;
  for (const { number, pid } of rows) {
    if (number <= last || number > to || pid.incarnation !== owner)
      return rows
        .filter((row) => row.number > from && row.number <= to && row.pid.incarnation === owner)
        .toSorted((a, b) => a.number - b.number);
    last = number;
  }
  return rows;
}

/** An entry never changes its key or process: so the owner has replaced a row that differs there. */
function isSameEntry(row: Row, theirs: SyncRow, comparison: KeyComparison): boolean {
  return row.number === theirs.number && samePid(row.pid, theirs.pid) && comparison.isSame(row, theirs.key);
}

/** Compares the keys of rows with one that many rows of a chunk may share, each key once. */
class KeyComparison {
  #theirs: Key | undefined;
  readonly #known = new Map<RowsOfKey, boolean>();

  isSame({ key, siblings }: Row, theirs: Key): boolean {
    if (siblings === undefined) return sameKey(key, theirs);
    if (!Object.is(theirs, this.#theirs)) this.#known.clear();
    this.#theirs = theirs;
    let same = this.#known.get(siblings);
    if (same === undefined) this.#known.set(siblings, (same = sameKey(key, theirs)));
    return same;
  }
}

/** Rows that leave the table, and what they have in common. */
class Leaving {
  extraCost = 0;
  readonly #rows: Row[] = [];
  readonly #siblings: (RowsOfKey | undefined)[] = [];
  readonly #indexes: Indexes;

  constructor(indexes: Indexes) {
    this.#indexes = indexes;
  }

  get count(): number {
    return this.#rows.length;
  }

  remove(row: Row): void {
    this.extraCost += extraCostOf(row);
    this.#rows.push(row);
    this.#siblings.push(row.siblings);
    this.#indexes.remove(row);
  }

  /** One leave per key. */
  diff(): Diff {
    return changePerKey('leave', this.#rows, this.#siblings);
  }
}

/** To find the place of a key that takes so many bytes takes about as long as to change a row; of an array each level takes memory. */
const KEY_BYTES_OF_ROW = 512;
const ARRAY_BYTES_OF_ROW = 1024;

/** What it costs to remove a row because its key is large, in rows with small keys. */
function extraCostOf({ key }: Row): number {
  // V8 keeps the hash of a text.
  if (typeof key === 'string' ? key.length <= LONGEST_HASHED : typeof key === 'number') return 0;
  return Math.floor(heapBytesOfKey(key) / (isArray(key) ? ARRAY_BYTES_OF_ROW : KEY_BYTES_OF_ROW));
}
