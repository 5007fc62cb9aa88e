import type { HashSeed, Key, Pid, Value } from '../term';
import type { Diff } from './diff';
import { EMPTY_DIGEST, type Digest } from './digest';
import type { Entry } from './entry';
import { Indexes } from './indexes';
import { KeyRows } from './key-rows';
import { type EntryNumbers, OwnWrites } from './own-writes';
import type { PageSnapshot } from './page';
import { RemoteEntries } from './remote-entries';
import type { Row } from './row';

/** The answer of every read that finds nothing. */
const NOTHING: readonly never[] = Object.freeze([]);

/** The node and the mode of keys of a table. */
export interface TableOptions {
  /** Name of this node. */
  readonly node: string;
  /** Incarnation of this node. */
  readonly incarnation: string;
  /** `'unique'`: at most one entry of this node per key. Entries of other nodes are not restricted. */
  readonly keys: 'duplicate' | 'unique';
  /** Of this node. Default: a fixed one, for tests and other tables that meet no peer. */
  readonly seed?: HashSeed;
}

/**
 * The entries of one running scope, own and remote: reads, writes of this node, and what other nodes wrote.
 *
 * Every mutation is atomic, synchronous and returns its {@link Diff}: folding the diffs over an earlier read gives exactly
 * what a read returns now. A mutation that throws has changed nothing, and one that finds nothing to do returns an empty
 * diff. Own writes take `revision`, the number that the first operation of the write gets in the own stream if the diff is not empty.
 * The caller promises that keys, values and pids are in normal form.
 *
 * Every answer is a snapshot of one moment: arrays are frozen or the caller's own, and no later write changes them.
 * Lookup order is, within the entries of one node, registration order, between nodes the order of arrival here.
 */
export class Table {
  /** Name of this node, for messages. */
  readonly node: string;
  /** This incarnation of it: the owner of all rows that are written here. */
  readonly incarnation: string;
  /** How many entries of this node a key may have, see {@link TableOptions.keys}. */
  readonly keysMode: 'duplicate' | 'unique';
  readonly #indexes: Indexes;
  readonly #own: OwnWrites;

  constructor({ node, incarnation, keys, seed }: TableOptions) {
    this.node = node;
    this.incarnation = incarnation;
    this.keysMode = keys;
    this.#indexes = new Indexes(incarnation, seed);
    this.#own = new OwnWrites(this.#indexes, node, keys);
  }

  // Reads

  /**
   * All entries of a key, in lookup order. Mirrors `lookup/2`.
   * The same frozen array until the key changes; the first call after a change costs the entries of the key.
   */
  lookup(key: Key): readonly Entry<Key, Value>[] {
    return this.#indexes.keys.entries(key);
  }

  /**
   * Returns the last answer of {@link lookup} if the key has not changed since; otherwise undefined.
   * The argument need not be a checked key: only primitives and arrays of primitives are found, and anything else gives
   * undefined. So a repeated lookup needs no normal form of its key.
   */
  keptLookup(key: unknown): readonly Entry<Key, Value>[] | undefined {
    return this.#indexes.keys.keptEntries(key);
  }

  /** The entries of a key that this node owns; otherwise like {@link lookup}. Mirrors `lookup_local/2`. */
  lookupLocal(key: Key): readonly Entry<Key, Value>[] {
    return this.#indexes.keys.rowsOf(key)?.localEntries() ?? NOTHING;
  }

  /** The pids of {@link lookup}, one per entry. Mirrors `get_members/2`. */
  members(key: Key): readonly Pid[] {
    return this.#indexes.keys.rowsOf(key)?.members() ?? NOTHING;
  }

  /** The pids of {@link lookupLocal}, one per entry. Mirrors `get_local_members/2`. */
  membersLocal(key: Key): readonly Pid[] {
    return this.#indexes.keys.rowsOf(key)?.localMembers() ?? NOTHING;
  }

  /** Whether a node has several entries under a key. Cost: the entries of the key. */
  hasSeveral(key: Key, incarnation: string): boolean {
    const slot = this.#indexes.keys.slot(key);
    return slot instanceof KeyRows && slot.hasSeveralOf(incarnation);
  }

  /** The first own member of a key, with unique keys the only one. Cost as {@link lookupLocal}. */
  holder(key: Key): Pid | undefined {
    return this.membersLocal(key)[0];
  }

  /**
   * The keys of a process, local or remote, each once, in order of first registration. Mirrors `keys/2`.
   * Frozen, and the same array until the rows of the process change; else the cost is that of its rows.
   */
  keysOf(pid: Pid): readonly Key[] {
    return this.#indexes.process(pid)?.keys() ?? NOTHING;
  }

  /** The values of a process, local or remote, under a key, in lookup order. Cost: the answer. Mirrors `values/3`. */
  valuesOf(key: Key, pid: Pid): readonly Value[] {
    return this.rowsOfProcess(key, pid).map((row) => row.value);
  }

  /**
   * All keys that have an entry, in no particular order. Frozen, and the same array until a key comes or goes; else the
   * cost is that of all keys. Mirrors `which_groups/1`.
   */
  groups(): readonly Key[] {
    return this.#indexes.keys.keys();
  }

  /** All keys that have an entry of this node, the same array until its entries change. Mirrors `which_local_groups/1`. */
  groupsLocal(): readonly Key[] {
    return this.#indexes.keys.localKeys();
  }

  /** Entries in this table. Constant time. Mirrors `count/1`. */
  get count(): number {
    return this.#indexes.count;
  }

  /** Entries that this node owns. Constant time. */
  get countLocal(): number {
    return this.#indexes.own.count;
  }

  /**
   * All rows in no particular order, page by page, with their values beside them. The cheapest way to walk through a table:
   * `for (const { rows } of table.pages()) for (const row of rows) …`.
   * A later write copies the page that it changes, so a snapshot costs some 2 bytes per row. A loop over the values alone
   * does not wait for the memory of each row, see `docs/performance-notes.md`.
   */
  pages(): readonly PageSnapshot[] {
    return this.#indexes.pages();
  }

  /** All rows in one new array, in no particular order. To walk through them, {@link pages} is cheaper. */
  rows(): readonly Row[] {
    const rows: Row[] = [];
    for (const page of this.#indexes.pages()) for (const row of page.rows) rows.push(row);
    return rows;
  }

  /** The rows of a key, in lookup order; the same array until the key changes. */
  rowsOf(key: Key): readonly Row[] {
    return this.#indexes.keys.rowsOf(key)?.rows() ?? NOTHING;
  }

  /** The rows of a process, local or remote, under a key, in lookup order. Cost: the answer. */
  rowsOfProcess(key: Key, pid: Pid): readonly Row[] {
    return this.#indexes.ofProcess(key, pid);
  }

  /** The rows of all array keys that begin with the elements of `prefix`, keys in no particular order. Cost: the answer. */
  rowsBelow(prefix: readonly Key[]): readonly Row[] {
    return this.#indexes.keys.rowsBelow(prefix);
  }

  /** The entries of {@link rowsBelow}. */
  selectPrefix(prefix: readonly Key[]): readonly Entry<Key, Value>[] {
    return Object.freeze(this.rowsBelow(prefix).map((row) => row.entry));
  }

  /** The row of an owner (an incarnation) with an entry number. Constant time. */
  rowByNumber(owner: string, number: number): Row | undefined {
    return this.#indexes.owner(owner)?.get(number);
  }

  /** Own rows with entry numbers above `number`, ascending, at most `limit`: a page of a walk. Cost: the answer. */
  ownRowsAfter(number: number, limit: number): readonly Row[] {
    return this.#indexes.own.between(number, Infinity, limit);
  }

  /** The owners (incarnations) that have rows, this node first, the others in the order of their first row here. */
  owners(): readonly string[] {
    return this.#indexes.incarnations();
  }

  /** The rows of an owner (an incarnation) with entry numbers above `number`, ascending, at most `limit`. Cost: the answer. */
  rowsAfter(owner: string, number: number, limit: number): readonly Row[] {
    return this.#indexes.owner(owner)?.between(number, Infinity, limit) ?? NOTHING;
  }

  /** The digest over the entries of an owner (an incarnation). Constant time: it is kept up to date by every change. */
  digest(owner: string): Digest {
    return this.#indexes.owner(owner)?.digest.read() ?? EMPTY_DIGEST;
  }

  // Writes of this node

  /**
   * Registers processes of this node under a key, one entry per occurrence, in order. Mirrors `pg:join/3`.
   *
   * @param numbers Gives each entry its number
   * @throws NotLocalError for a pid of another node; InvalidArgumentError for more than one pid and AlreadyRegisteredError
   * for a key that this node already holds, both only with unique keys
   */
  join(key: Key, pids: readonly Pid[], value: Value, numbers: EntryNumbers, revision: number): Diff {
    return this.#own.join(key, pids, value, numbers, revision);
  }

  /**
   * Removes, for every occurrence of a pid, its newest entry under the key; occurrences without one are skipped.
   * One change, in the order of `pids`. Mirrors `pg:leave/3`.
   */
  leave(key: Key, pids: readonly Pid[]): Diff {
    return this.#own.leave(key, pids);
  }

  /**
   * Removes all entries of this node under a key, of one process after the other, each newest first.
   * Mirrors `unregister_name/1`.
   */
  leaveKey(key: Key): Diff {
    return this.#own.leaveKey(key);
  }

  /** Removes the entry of this node with that number. */
  leaveRow(number: number): Diff {
    return this.#own.leaveRow(number);
  }

  /** Removes the entries of this node that these rows show, outdated ones too: one change per key, rows in the given order. */
  leaveRows(rows: readonly Row[]): Diff {
    return this.#own.leaveRows(rows);
  }

  /** Removes all entries of a process of this node, at its end: one change per key, newest first. Cost: the answer. */
  leaveProcess(pid: Pid): Diff {
    return this.#own.leaveProcess(pid);
  }

  /**
   * Gives every entry of a process of this node under a key the value that `next` makes of its old one; entries keep
   * their ids and places. An equal value is an update, too. Mirrors `update_value/4`.
   *
   * `next` is called for every old value before anything changes, and must not write to this scope: that write would
   * take the number `revision`.
   *
   * @throws InvalidArgumentError if `next` itself changed one of these entries. What `next` throws is passed on.
   */
  update(key: Key, pid: Pid, next: (old: Value) => Value, revision: number): Diff {
    return this.#own.update(key, pid, next, revision);
  }

  /** Gives the entry of this node with that number a new value. */
  updateRow(number: number, value: Value, revision: number): Diff {
    return this.#own.updateRow(number, value, revision);
  }

  // What other nodes wrote

  /** The entries of another node (an incarnation), to read and to change as its stream says. They need not exist yet. */
  remote(owner: string): RemoteEntries {
    return new RemoteEntries(owner, this.#indexes);
  }
}
