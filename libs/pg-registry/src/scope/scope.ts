import type { LocalProcess } from '../lifetime';
import { type Diff, type Row, Table } from '../table';
import {
  KeyMap,
  normalValue,
  ScopeNotRunningError,
  ValueTooLargeError,
  type Key,
  type Pid,
  type Value,
} from '../term';
import type { Cause } from './event';
import { Feed } from './feed';
import { LockTable } from './lock-table';
import { MountedListener } from './mounted-listener';
import type { NormalScopeOptions } from './scope-options';
import type { Replication } from './replication';
import type { ScopeDeps } from './scope-deps';

/**
 * One run of a scope, from its start to its stop.
 *
 * Every write goes the same way: the table changes and says what changed, the peers are sent it, the feed delivers it.
 * ArgumentChecks are in normal form already; checking is the business of the public face.
 */
export class Scope {
  readonly options: NormalScopeOptions;
  readonly table: Table;
  readonly replication: Replication;
  readonly feed: Feed;
  readonly locks: LockTable;
  /** This node's metadata; not replicated, lost with the run. */
  readonly meta = new KeyMap<Value>();
  readonly #deps: ScopeDeps;
  readonly #ignoreExits: readonly (() => void)[];
  #running = true;

  /**
   * @param deps Of the node, the same for all its scopes.
   * @param replication Of this run.
   * @throws InvalidValueError, ValueTooLargeError for metadata that cannot be stored.
   */
  constructor(options: NormalScopeOptions, deps: ScopeDeps, replication: Replication) {
    this.options = options;
    const { node, incarnation } = deps.processes.root.pid;
    this.table = new Table({ node, incarnation, keys: options.keys });
    this.replication = replication;
    this.#deps = deps;
    this.feed = new Feed(options.name, deps.processes);
    this.locks = new LockTable(options.name, deps.processes);
    for (const [key, value] of Object.entries(options.meta)) {
      this.meta.set(key, normalValue(value, deps.limits, deps.pids));
    }
    for (const listener of options.listeners) this.feed.listeners.add(new MountedListener(listener, deps));
    this.#ignoreExits = [
      deps.processes.onExit(({ pid }) => this.#removeEntries(pid)),
      deps.processes.afterExit((process) => this.#tellOfExit(process)),
    ];
  }

  get name(): string {
    return this.options.name;
  }

  /** False once {@link stop} was called; a run does not start again. */
  get running(): boolean {
    return this.#running;
  }

  /** @throws ScopeNotRunningError if this run has ended. */
  checkRunning(): void {
    if (!this.#running) throw notRunning(this.name);
  }

  /**
   * Registers one process. A cheaper `join`, and it returns the new row.
   *
   * @throws AlreadyRegisteredError on a conflict of unique keys; nothing has changed then.
   */
  register(key: Key, pid: Pid, value: Value): Row {
    return this.join(key, [pid], value)[0].rows[0];
  }

  /**
   * Adds an entry for each pid, in one operation. Mirrors `pg:join/3`.
   *
   * @throws ValueTooLargeError for more pids than one operation can carry to the peers; nothing has changed then.
   */
  join(key: Key, pids: readonly Pid[], value: Value): Diff {
    if (pids.length > 1 && !this.replication.fits(pids.length)) {
      throw new ValueTooLargeError(
        `${pids.length} processes are too many for one join, which travels as one operation of at most maxOpBytes bytes. ` +
          'Join them in several calls, or raise the node option maxOpBytes. Nothing was changed.',
      );
    }
    return this.#commit(this.table.join(key, pids, value, this.#deps.numbers, this.#revision()));
  }

  /** Removes the newest entry of each pid, once per occurrence, in one operation. Mirrors `pg:leave/3`. */
  leave(key: Key, pids: readonly Pid[]): boolean {
    return this.#commit(this.table.leave(key, pids)).length > 0;
  }

  /** Removes every entry that this node has under the key. */
  leaveKey(key: Key): void {
    this.#commit(this.table.leaveKey(key));
  }

  /** Removes these entries of this node; those that have gone meanwhile are left out. @returns How many went. */
  leaveEntries(rows: readonly Row[]): number {
    const diff = this.#commit(this.table.leaveRows(rows));
    return diff.reduce((sum, change) => sum + change.rows.length, 0);
  }

  /** Removes the entry of this node with that number. @returns False if there is none. */
  leaveEntry(number: number): boolean {
    return this.#commit(this.table.leaveRow(number)).length > 0;
  }

  /** Gives every entry of the pid under the key another value. @returns False if there is none. */
  update(key: Key, pid: Pid, next: (old: Value) => Value): boolean {
    return this.#commit(this.table.update(key, pid, next, this.#revision())).length > 0;
  }

  /** Gives the entry of this node with that number another value. @returns False if there is none. */
  updateEntry(number: number, value: Value): boolean {
    return this.#commit(this.table.updateRow(number, value, this.#revision())).length > 0;
  }

  /** Removes every entry of this node, in one operation per process: the node is about to leave the cluster. */
  leaveAll(): void {
    const pids = new Set(this.table.groupsLocal().flatMap((key) => this.table.membersLocal(key)));
    for (const pid of pids) this.#removeEntries(pid);
    this.feed.drain();
  }

  /** Delivers what a peer, a sync or the loss of a node changed: the table HAS changed already. In the order of the changes. */
  applyDiff(diff: Diff, cause: Cause): void {
    if (diff.length > 0) this.feed.publish(diff, cause);
  }

  /** Ends the run: subscriptions complete without leave events, waiting locks reject, members live on. Idempotent. */
  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    for (const ignore of this.#ignoreExits) ignore();
    this.locks.close(() => notRunning(this.name));
    this.feed.close();
  }

  /** Removes the entries of a process; who calls drains the feed when all is done that belongs together. */
  #removeEntries(pid: Pid): void {
    const diff = this.table.leaveProcess(pid);
    if (diff.length === 0) return;
    this.replication.write(diff);
    this.feed.enqueue(diff, 'exit');
  }

  /** When its entries have gone from every scope of the node, so that no observer still finds the process in another. */
  #tellOfExit(process: LocalProcess): void {
    // Its own observers first: no code runs as the process any more to hear of its end.
    this.feed.completeFor(process);
    this.feed.drain();
    this.locks.releaseAll(process);
  }

  #revision(): number {
    return this.replication.last + 1;
  }

  #commit(diff: Diff): Diff {
    if (diff.length === 0) return diff;
    // Peers before observers: what an observer writes has a later number.
    this.replication.write(diff);
    this.feed.publish(diff, 'call');
    return diff;
  }
}

/** The error of every call to a scope that does not run. */
export function notRunning(scope: string): ScopeNotRunningError {
  return new ScopeNotRunningError(`Scope '${scope}' is not running on this node; nothing was changed.`, {});
}
