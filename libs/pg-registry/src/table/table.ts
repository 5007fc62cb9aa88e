import {
  AlreadyRegisteredError,
  formatKey,
  InvalidArgumentError,
  NotLocalError,
  type Key,
  type Pid,
  type Value,
} from '../term';
import { changePerKey, NO_CHANGE, oneChange, oneUpdate, type Diff } from './diff';
import { ownRowIn } from './key-index';
import type { ProcessRows } from './process-rows';
import { applyOperation, mergeChunk } from './remote';
import type { RemoteOperation, SyncChunk } from './remote-operation';
import type { Row } from './row';
import { TableReads } from './table-reads';

/** What a table has to know of its node and scope. */
export interface TableOptions {
  /** Name of this node. */
  readonly node: string;
  /** Incarnation of this node. */
  readonly incarnation: string;
  /** `'unique'`: at most one entry of this node per key. Entries of other nodes are not restricted. */
  readonly keys: 'duplicate' | 'unique';
}

/**
 * The entries of one running scope, own and remote.
 *
 * Every mutation is atomic, synchronous and returns its {@link Diff}: folding the diffs over an earlier read gives exactly
 * what a read returns now. A mutation that throws has changed nothing, and one that finds nothing to do returns an empty
 * diff. Own writes take `revision`, the number that this operation gets in the own stream if the diff is not empty.
 * Keys, values and pids are in normal form already; that they are is the caller's promise.
 */
export class Table extends TableReads {
  readonly keysMode: 'duplicate' | 'unique';

  constructor({ node, incarnation, keys }: TableOptions) {
    super(node, incarnation);
    this.keysMode = keys;
  }

  /**
   * Registers processes of this node under a key, one entry per occurrence, in order. Mirrors `pg:join/3`.
   *
   * @param numbers Gives the entry numbers, each higher than all before
   * @throws NotLocalError for a pid of another node; InvalidArgumentError for more than one pid and AlreadyRegisteredError
   * for a key that this node already holds, both only with unique keys
   */
  join(key: Key, pids: readonly Pid[], value: Value, numbers: { next(): number }, revision: number): Diff {
    if (pids.length === 0) return NO_CHANGE;
    for (const pid of pids) this.#assertOwn(pid);
    if (this.keysMode === 'unique') this.#assertFree(key, pids);
    const rows: Row[] = [];
    for (const pid of pids) rows.push(this.indexes.insert(numbers.next(), key, pid, value, revision));
    return oneChange('join', rows);
  }

  /**
   * Removes, for every occurrence of a pid, its newest entry under the key; occurrences without one are skipped.
   * One change, in the order of `pids`. Mirrors `pg:leave/3`.
   */
  leave(key: Key, pids: readonly Pid[]): Diff {
    const left: Row[] = [];
    for (const pid of pids) {
      const newest = pid.incarnation === this.incarnation ? this.indexes.newest(key, pid) : undefined;
      if (newest === undefined) continue;
      this.indexes.remove(newest);
      left.push(newest);
    }
    return oneChange('leave', left);
  }

  /**
   * Removes all entries of this node under a key, of one process after the other, each newest first.
   * Mirrors `unregister_name/1`.
   */
  leaveKey(key: Key): Diff {
    const byProcess = new Map<ProcessRows, Row[]>();
    for (const row of this.indexes.keys.rowsOf(key)?.ownRows() ?? []) {
      const known = byProcess.get(row.process);
      if (known === undefined) byProcess.set(row.process, [row]);
      else known.push(row);
    }
    return this.#removeAll([...byProcess.values()].flatMap((rows) => rows.toReversed()));
  }

  /** Removes one entry of this node, given by its number or by any row, also an outdated one, that has it. */
  leaveRow(row: Row | number): Diff {
    const current = this.#ownRow(row);
    return current === undefined ? NO_CHANGE : this.#removeAll([current]);
  }

  /** Removes entries of this node as {@link leaveRow} does: one change per key, rows in the given order. */
  leaveRows(rows: readonly (Row | number)[]): Diff {
    const left: Row[] = [];
    for (const given of rows) {
      const row = this.#ownRow(given);
      if (row === undefined) continue;
      this.indexes.remove(row);
      left.push(row);
    }
    return changePerKey('leave', left);
  }

  /** Removes all entries of a process of this node, at its end: one change per key, newest first. Cost: the answer. */
  leaveProcess(pid: Pid): Diff {
    const changes = this.#ownProcess(pid)?.leaves() ?? NO_CHANGE;
    for (const { rows } of changes) for (const row of rows) this.indexes.remove(row);
    this.indexes.own.forget(pid);
    return changes;
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
    const old = pid.incarnation === this.incarnation ? this.rowsOfProcess(key, pid) : [];
    const values = old.map((row) => next(row.value));
    if (!old.every((row) => this.#ownRow(row) === row)) {
      throw new InvalidArgumentError(
        `A function that makes a new value for ${formatKey(key)} must not write to this entry itself`,
      );
    }
    return oneUpdate(
      old.map((row, at) => this.indexes.replace(row, values[at], revision)),
      old,
    );
  }

  /** Gives one entry of this node, named as in {@link leaveRow}, a new value. */
  updateRow(row: Row | number, value: Value, revision: number): Diff {
    const old = this.#ownRow(row);
    return old === undefined ? NO_CHANGE : oneUpdate([this.indexes.replace(old, value, revision)], [old]);
  }

  /**
   * Applies an operation of another node, in its order. Skipped are: entries with numbers above `cursor` (a sync will bring
   * them), joins of a number that is known or of a process that is not the owner's, and unknown numbers. So nothing but
   * rows of `owner` is ever touched, own rows never.
   *
   * @param owner Incarnation of the stream
   * @param cursor How far a running sync has come; `Infinity` when there is none
   */
  applyRemote(owner: string, operation: RemoteOperation, cursor: number): Diff {
    return applyOperation(this.indexes, owner, operation, cursor);
  }

  /**
   * Makes the entries of another node with numbers in (from, to] equal to the chunk, by the shortest way: leaves of what is
   * not listed, then joins, then updates where the revision differs; one change per key and kind. Rows that an operation
   * after the chunk's picture has touched are left alone. An operation that *removed* a row leaves no trace, so
   * a chunk must not be merged once operations above its `at` have been applied to its numbers.
   *
   * A row that comes late takes its place in lookup order, see {@link TableReads}: this costs a walk over the rows of
   * its key behind that place, and happens only if the owner already had rows with higher numbers here.
   */
  mergeChunk(owner: string, chunk: SyncChunk): Diff {
    return mergeChunk(this.indexes, owner, chunk);
  }

  /** Removes all entries of another node: one change per key, newest first. Cost: the answer. */
  removeOwner(owner: string): Diff {
    if (owner === this.incarnation) return NO_CHANGE;
    return this.#removeAll(this.indexes.owner(owner)?.between(-1, Infinity).toReversed() ?? []);
  }

  #removeAll(rows: readonly Row[]): Diff {
    for (const row of rows) this.indexes.remove(row);
    return changePerKey('leave', rows);
  }

  #ownProcess(pid: Pid): ProcessRows | undefined {
    return pid.incarnation === this.incarnation ? this.indexes.own.process(pid) : undefined;
  }

  #ownRow(row: Row | number): Row | undefined {
    if (typeof row === 'number') return this.indexes.own.get(row);
    return row.isOwn ? this.indexes.own.get(row.number) : undefined;
  }

  #assertOwn(pid: Pid): void {
    if (pid.incarnation === this.incarnation) return;
    const message = `${String(pid)} is not a process of this node (${this.node}); only its own node can register it`;
    throw new NotLocalError(message, { pid });
  }

  /** With unique keys: one process only, and the key must be free on this node, whoever asks. */
  #assertFree(key: Key, pids: readonly Pid[]): void {
    if (pids.length > 1) {
      throw new InvalidArgumentError(
        `Only one process can join ${formatKey(key)}: the scope has unique keys, and ${pids.length} were given`,
      );
    }
    const holder = ownRowIn(this.indexes.keys.slot(key))?.pid;
    if (holder === undefined) return;
    throw new AlreadyRegisteredError(
      `${formatKey(key)} is already registered on node ${this.node} by ${String(holder)}; ` +
        `unregister it first, register under another key, or use a scope with duplicate keys`,
      { pid: holder },
    );
  }
}
