import { FIXED_SEED, type HashSeed, type Key, type Pid, type Value } from '../term';
import { KeyIndex, newestIn, slotOf } from './key-index';
import { OwnerRows } from './owner-rows';
import { LONGEST_WALK } from './key-rows';
import type { PageSnapshot } from './page';
import { rowsUpTo, type ProcessRows } from './process-rows';
import type { RecentPlaces } from './recent-places';
import { Row } from './row';

/**
 * The rows of a table in all their orders, by key, by process and by owner, which are only ever changed together, here.
 */
export class Indexes {
  readonly keys: KeyIndex;
  /** The rows of this node. */
  readonly own: OwnerRows;
  readonly #owners = new Map<string, OwnerRows>();
  #rowCount = 0;

  readonly #seed: HashSeed;

  constructor(ownIncarnation: string, seed: HashSeed = FIXED_SEED) {
    this.#seed = seed;
    this.keys = new KeyIndex(seed);
    this.own = new OwnerRows(ownIncarnation, true, seed);
    this.#owners.set(ownIncarnation, this.own);
  }

  get count(): number {
    return this.#rowCount;
  }

  /** The rows of an incarnation; undefined if it has none and is not this node. */
  owner(incarnation: string): OwnerRows | undefined {
    return incarnation === this.own.incarnation ? this.own : this.#owners.get(incarnation);
  }

  /** The incarnations that have rows, this node's first. */
  incarnations(): readonly string[] {
    return [...this.#owners.keys()];
  }

  /** The rows of a process, of whatever node; undefined if it has none. */
  process(pid: Pid): ProcessRows | undefined {
    return this.owner(pid.incarnation)?.process(pid);
  }

  /** The row that a process, of whatever node, registered last under a key. Constant time. */
  newest(key: Key, pid: Pid): Row | undefined {
    const process = this.process(pid);
    if (process === undefined || process.count === 0) return undefined;
    // A process of few rows needs no look at the key, which among a million keys waits for memory.
    if (process.count <= LONGEST_WALK && (typeof key !== 'object' || key === null))
      return process.newestUnder(key);
    return newestIn(this.keys.slot(key), process);
  }

  /** The rows that a process, of whatever node, has under a key, in lookup order. Cost: the answer. */
  ofProcess(key: Key, pid: Pid): readonly Row[] {
    const newest = this.newest(key, pid);
    return newest === undefined ? [] : rowsUpTo(newest);
  }

  /** Snapshots of all rows: owner by owner, each in order of entry numbers. */
  pages(): PageSnapshot[] {
    const snapshots: PageSnapshot[] = [];
    for (const owner of this.#owners.values()) owner.addPagesTo(snapshots);
    return snapshots;
  }

  /**
   * Adds a row; the owner of `pid` must not have one of this number.
   *
   * @param beside A row with this very key, if the caller has one: a key may have thousands of parts, and is not looked up again.
   * @param places Where earlier rows of the same chunk are, whose numbers are lower.
   */
  insert(
    number: number,
    key: Key,
    pid: Pid,
    value: Value,
    revision: number,
    beside?: Row,
    places?: RecentPlaces,
  ): Row {
    const owner = this.owner(pid.incarnation) ?? this.#newOwner(pid.incarnation);
    const process = owner.processOrNew(pid);
    const slot = beside === undefined ? this.keys.slot(key) : slotOf(beside);
    const row = new Row(number, slot === undefined ? key : slot.key, process, value, revision);
    const rows = slot instanceof Row ? undefined : slot;
    const sibling = slot === undefined ? undefined : newestIn(slot, process);
    process.add(row, sibling, places?.ofProcess(rows, process));
    this.keys.add(row, slot, places?.underKey(rows));
    owner.add(row);
    places?.add(row);
    this.#rowCount += 1;
    return row;
  }

  /** Puts a row with another value and revision in the place of `old`, in every order. */
  replace(old: Row, value: Value, revision: number): Row {
    const row = new Row(old.number, old.key, old.process, value, revision);
    this.keys.replace(old, row);
    old.process.replace(old, row);
    old.process.owner.replace(old, row);
    return row;
  }

  remove(row: Row): void {
    const { owner } = row.process;
    this.keys.remove(row); // before the process's list, whose links it reads
    row.process.remove(row);
    owner.remove(row);
    this.#rowCount -= 1;
    if (owner.count === 0 && !owner.isOwn) this.#owners.delete(owner.incarnation);
  }

  #newOwner(incarnation: string): OwnerRows {
    const owner = new OwnerRows(incarnation, false, this.#seed);
    this.#owners.set(incarnation, owner);
    return owner;
  }
}
