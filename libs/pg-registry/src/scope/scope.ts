import type { LocalProcess } from '../lifetime';
import { type Diff, type Row as TableRow, Table } from '../table';
import {
  KeyMap,
  normalValue,
  quoteText,
  ScopeNotRunningError,
  ValueTooLargeError,
  type Key,
  type Pid,
  type Value,
} from '../term';
import type { Cause } from './event';
import { Feed } from './feed';
import { LockTable } from './locks';
import { ListenerNotifier } from './listener-notifier';
import type { NormalScopeOptions } from './scope-options';
import type { ReplicationPort } from './replication-port';
import type { ScopeDeps } from './scope-deps';

/**
 * One run of a scope, from its start to its stop.
 *
 * Every write takes the same way: the table changes and returns the diff, the replication sends the diff to the peers, the
 * feed delivers it. One write is one diff and so one event for each key here; it travels as one operation, or as several if it has more
 * than `MOST_ENTRIES`. Arguments are in normal form already; `PgRegistryService` checks them.
 */
export class Scope {
  readonly options: NormalScopeOptions;
  readonly table: Table;
  readonly replication: ReplicationPort;
  readonly feed: Feed;
  readonly locks: LockTable;
  /** This node's metadata: not replicated, lost when the run stops. */
  readonly meta = new KeyMap<Value>();
  readonly #deps: ScopeDeps;
  /** Remove the hooks on the exits of processes. */
  readonly #unhookExits: readonly (() => void)[];
  /** Whether the run has not been stopped. A stopped run does not start again. */
  running = true;

  /**
   * @param deps Of the node, the same for all its scopes.
   * @param replicate Starts the stream of this run to the peers. Called last, when the run can take diffs.
   * @throws InvalidValueError, ValueTooLargeError for metadata that cannot be stored.
   */
  constructor(options: NormalScopeOptions, deps: ScopeDeps, replicate: (scope: Scope) => ReplicationPort) {
    this.options = options;
    const { node, incarnation } = deps.processes.root.pid;
    this.table = new Table({ node, incarnation, keys: options.keys, seed: deps.seed });
    this.#deps = deps;
    this.feed = new Feed(options.name, deps);
    this.locks = new LockTable(options.name, deps.processes);
    for (const [key, value] of Object.entries(options.meta)) {
      this.meta.set(key, normalValue(value, deps.limits, deps.pids));
    }
    for (const listener of options.listeners) this.feed.listeners.add(new ListenerNotifier(listener, deps));
    this.#unhookExits = [
      deps.processes.onExit(({ pid }) => this.#removeEntries(pid)),
      deps.processes.afterExit((process) => this.#afterExit(process)),
    ];
    this.replication = replicate(this);
  }

  get name(): string {
    return this.options.name;
  }

  /** @throws ScopeNotRunningError if this run has ended. */
  checkRunning(): void {
    if (!this.running) throw notRunning(this.name, this.#deps.runningScopes());
  }

  /**
   * Adds an entry for each pid, in one write. Mirrors `pg:join/3`.
   *
   * @throws AlreadyRegisteredError, InvalidArgumentError if the keys are unique and the key is held, or for more than one pid.
   * @throws ValueTooLargeError for more pids than are sure to fit into operations of `maxOpBytes`. Nothing was changed in all these cases.
   */
  join(key: Key, pids: readonly Pid[], value: Value): Diff {
    if (pids.length > 1 && !this.replication.fits(pids.length)) {
      throw new ValueTooLargeError(
        `A join must fit into one operation of maxOpBytes bytes (got ${pids.length} processes). ` +
          'Join them in several calls, or raise the node option maxOpBytes. Nothing was changed.',
      );
    }
    return this.#commit(
      this.table.join(key, pids, value, this.#deps.numbers, this.replication.operations.last + 1),
    );
  }

  /**
   * Removes the newest entry of each pid, once per occurrence, in one write. Mirrors `pg:leave/3`.
   *
   * @returns False if no entry was removed.
   */
  leave(key: Key, pids: readonly Pid[]): boolean {
    return this.#commit(this.table.leave(key, pids)).length > 0;
  }

  /** Removes every entry of this node under the key, in one write. */
  leaveKey(key: Key): void {
    this.#commit(this.table.leaveKey(key));
  }

  /**
   * Removes these entries of this node, in one write; skips those that were removed meanwhile.
   *
   * @returns How many were removed.
   */
  leaveEntries(rows: readonly TableRow[]): number {
    const diff = this.#commit(this.table.leaveRows(rows));
    return diff.reduce((sum, change) => sum + change.rows.length, 0);
  }

  /**
   * Removes the entry of this node with that number.
   *
   * @returns False if there is none.
   */
  leaveEntry(number: number): boolean {
    return this.#commit(this.table.leaveRow(number)).length > 0;
  }

  /**
   * Replaces the value of every entry of the pid under the key, in one write.
   *
   * @returns False if there is none.
   */
  update(key: Key, pid: Pid, next: (old: Value) => Value): boolean {
    return this.#commit(this.table.update(key, pid, next, this.replication.operations.last + 1)).length > 0;
  }

  /**
   * Replaces the value of the entry of this node with that number.
   *
   * @returns False if there is none.
   */
  updateEntry(number: number, value: Value): boolean {
    return this.#commit(this.table.updateRow(number, value, this.replication.operations.last + 1)).length > 0;
  }

  /** Removes every entry of this node, in one write per process. Called when the node drains. */
  leaveAll(): void {
    const pids = new Set(this.table.groupsLocal().flatMap((key) => this.table.membersLocal(key)));
    for (const pid of pids) this.#removeEntries(pid);
    this.feed.drain();
  }

  /** Delivers a diff that did not come from this node. The table has changed already; diffs come in the order of the changes. */
  applyDiff(diff: Diff, cause: Cause): void {
    if (diff.length === 0) return;
    this.feed.enqueue(diff, cause);
    this.feed.drain();
  }

  /** Ends the run: subscriptions complete without leave events, waiting locks reject, processes live on. Idempotent. */
  stop(): void {
    if (!this.running) return;
    this.running = false;
    this.replication.stop();
    for (const unhook of this.#unhookExits) unhook();
    this.locks.close(() => notRunning(this.name, this.#deps.runningScopes()));
    this.feed.close();
  }

  /** Removes the entries of a process and queues the events. The caller drains the feed. */
  #removeEntries(pid: Pid): void {
    const diff = this.table.leaveProcess(pid);
    if (diff.length === 0) return;
    this.replication.write(diff);
    this.feed.enqueue(diff, 'exit');
  }

  /**
   * Delivers the exit of a process after its entries were removed from every scope of the node, so that no observer still
   * finds the process in another scope.
   */
  #afterExit(process: LocalProcess): void {
    // Its own subscriptions complete first: no code may run as the process any more.
    this.feed.completeFor(process);
    this.feed.drain();
    this.locks.releaseAll(process);
  }

  #commit(diff: Diff): Diff {
    if (diff.length === 0) return diff;
    // Peers before observers: an observer may write, and its operation must have a later number.
    this.replication.write(diff);
    this.feed.enqueue(diff, 'call');
    this.feed.drain();
    return diff;
  }
}

/**
 * Makes the error of a call to a scope that does not run.
 *
 * @param running The scopes that do.
 */
export function notRunning(scope: string, running: readonly string[]): ScopeNotRunningError {
  const name = quoteText(scope);
  const others = running.filter((other) => other !== scope);
  const remedy =
    others.length === 0
      ? 'The node runs no scope any more: it has stopped, or was superseded.'
      : `Running are ${others.map((other) => quoteText(other)).join(', ')}. Name ${name} in ` +
        `PgRegistryModule.forRoot({ scopes: [${name}] }) or forFeature(${name}), or start it by node.startScope(${name}).`;
  return new ScopeNotRunningError(
    `Scope ${name} is not running on this node. ${remedy} Nothing was changed.`,
  );
}
