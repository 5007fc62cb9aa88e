import {
  AlreadyRegisteredError,
  formatKey,
  InvalidArgumentError,
  NotLocalError,
  type Key,
  type Pid,
  type Value,
} from '../term';
import { changePerKey, MOST_ENTRIES, NO_CHANGE, oneChange, oneUpdate, type Diff } from './diff';
import type { Indexes } from './indexes';
import { ownRowIn } from './key-index';
import type { Row, RowsOfProcess } from './row';

/** The entry numbers of a node: one sequence for all its scopes and all their runs, so that a number is never given twice. */
export interface EntryNumbers {
  /** The number that was given last. */
  last: number;
}

/** Changes the entries of this node, for `Table`. A method that throws has changed nothing. */
export class OwnWrites {
  readonly #indexes: Indexes;
  readonly #node: string;
  readonly #keysMode: 'duplicate' | 'unique';

  constructor(indexes: Indexes, node: string, keysMode: 'duplicate' | 'unique') {
    this.#indexes = indexes;
    this.#node = node;
    this.#keysMode = keysMode;
  }

  /** Registers processes under a key; see `Table.join`. */
  join(key: Key, pids: readonly Pid[], value: Value, numbers: EntryNumbers, revision: number): Diff {
    if (pids.length === 0) return NO_CHANGE;
    for (const pid of pids) if (pid.incarnation !== this.#indexes.own.incarnation) throw this.#notOwn(pid);
    if (this.#keysMode === 'unique') this.#assertFree(key, pids);
    const rows: Row[] = [];
    for (const pid of pids) {
      const itsRevision = revision + Math.floor(rows.length / MOST_ENTRIES);
      rows.push(this.#indexes.insert((numbers.last += 1), key, pid, value, itsRevision));
    }
    return oneChange('join', rows);
  }

  /** Removes the newest entry for each pid; see `Table.leave`. */
  leave(key: Key, pids: readonly Pid[]): Diff {
    const left: Row[] = [];
    for (const pid of pids) {
      const newest =
        pid.incarnation === this.#indexes.own.incarnation ? this.#indexes.newest(key, pid) : undefined;
      if (newest === undefined) continue;
      this.#indexes.remove(newest);
      left.push(newest);
    }
    return oneChange('leave', left);
  }

  /** Removes all own entries of a key; see `Table.leaveKey`. */
  leaveKey(key: Key): Diff {
    const byProcess = new Map<RowsOfProcess, Row[]>();
    for (const row of this.#indexes.keys.rowsOf(key)?.ownRows() ?? []) {
      const known = byProcess.get(row.process);
      if (known === undefined) byProcess.set(row.process, [row]);
      else known.push(row);
    }
    return this.#removeAll([...byProcess.values()].flatMap((rows) => rows.toReversed()));
  }

  /** Removes one own entry; see `Table.leaveRow`. */
  leaveRow(number: number): Diff {
    const row = this.#indexes.own.get(number);
    return row === undefined ? NO_CHANGE : this.#removeAll([row]);
  }

  /** Removes own entries; see `Table.leaveRows`. */
  leaveRows(rows: readonly Row[]): Diff {
    const left: Row[] = [];
    for (const given of rows) {
      const row = this.#present(given);
      if (row === undefined) continue;
      this.#indexes.remove(row);
      left.push(row);
    }
    return changePerKey('leave', left);
  }

  /** Removes all entries of an own process; see `Table.leaveProcess`. */
  leaveProcess(pid: Pid): Diff {
    const { own } = this.#indexes;
    const process = pid.incarnation === own.incarnation ? own.process(pid) : undefined;
    const changes = process?.leaves() ?? NO_CHANGE;
    for (const { rows } of changes) for (const row of rows) this.#indexes.remove(row);
    own.forget(pid);
    return changes;
  }

  /** Gives the entries of a process under a key new values; see `Table.update`. */
  update(key: Key, pid: Pid, next: (old: Value) => Value, revision: number): Diff {
    const old = pid.incarnation === this.#indexes.own.incarnation ? this.#indexes.ofProcess(key, pid) : [];
    const values = old.map((row) => next(row.value));
    if (!old.every((row) => this.#present(row) === row)) {
      throw new InvalidArgumentError(
        `The function that makes a new value for ${formatKey(key)} must not write to the same entry. ` +
          'The update changed nothing.',
      );
    }
    return oneUpdate(
      old.map((row, at) => this.#indexes.replace(row, values[at], revision + Math.floor(at / MOST_ENTRIES))),
      old,
    );
  }

  /** Gives one own entry a new value; see `Table.updateRow`. */
  updateRow(number: number, value: Value, revision: number): Diff {
    const old = this.#indexes.own.get(number);
    return old === undefined ? NO_CHANGE : oneUpdate([this.#indexes.replace(old, value, revision)], [old]);
  }

  #removeAll(rows: readonly Row[]): Diff {
    for (const row of rows) this.#indexes.remove(row);
    return changePerKey('leave', rows);
  }

  /** The row that stands now for the own entry of a row, which may be outdated. */
  #present(row: Row): Row | undefined {
    return row.isOwn ? this.#indexes.own.get(row.number) : undefined;
  }

  #notOwn(pid: Pid): NotLocalError {
    const message =
      `${String(pid)} is not a process of this node (${this.#node}): only its own node can register it. ` +
      'Nothing was registered.';
    return new NotLocalError(message, { pid });
  }

  /** With unique keys: one process only, and the key must be free on this node, also for its holder. */
  #assertFree(key: Key, pids: readonly Pid[]): void {
    if (pids.length > 1) {
      throw new InvalidArgumentError(
        `Only one process can join ${formatKey(key)}, because the scope has unique keys (got ${pids.length}). ` +
          'Nothing was registered.',
      );
    }
    const holder = ownRowIn(this.#indexes.keys.slot(key))?.pid;
    if (holder === undefined) return;
    throw new AlreadyRegisteredError(
      `${formatKey(key)} is already registered on node ${this.#node} by ${String(holder)}: ` +
        `unregister it first, register under another key, or use a scope with duplicate keys. Nothing was registered.`,
      { pid: holder },
    );
  }
}
