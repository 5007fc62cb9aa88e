import type { Expression, Pattern, Predicate } from '../match';
import type { Entry } from '../table';
import type { Key, Pid, Value } from '../term';
import { invalid } from './arguments';
import { RegistryQueries } from './queries';
import { OwnEntry, type Registration } from './registration';
import type { KeyOf, Row, ValueArgument, ValueOf } from './row';

/**
 * The writes. Each is atomic, and when it returns its effect is readable and its events are delivered; inside of a
 * delivery they are queued and delivered before the outermost write returns. Peers are sent it and not waited for
 * (`replicated` does). Only processes of this node can be registered, changed or removed.
 *
 * Arguments are checked before anything changes. Throws in all of them: `InvalidValueError` or `ValueTooLargeError` for
 * something that cannot be stored, `InvalidArgumentError` for something that is not a pid, `NotLocalError` for a pid of
 * another node, `ScopeNotRunningError` while the scope is stopped.
 */
export abstract class RegistryWrites<R extends Row = Row> extends RegistryQueries<R> {
  /**
   * Registers the running code's process under a key. Mirrors `PgRegistry.register/3`.
   *
   * @param value Copied; `null` unless given.
   * @returns The entry, to change or remove exactly it.
   * @throws AlreadyRegisteredError in a scope with unique keys, if this node has a holder, be it this process itself.
   * @throws ProcessExitedError if the running code's process has ended.
   */
  register<const K extends KeyOf<R>>(key: K, ...value: ValueArgument<R, K>): Registration<K, ValueOf<R, K>>;
  register(key: unknown, value: unknown = null): Registration {
    const normal = this.args.key(key);
    const stored = this.args.value(value);
    const run = this.running();
    const { pid } = this.args.self();
    return new OwnEntry(run, run.register(normal, pid, stored), this.args);
  }

  /**
   * Removes the newest entry of the running code's process under a key; nothing happens if there is none. Mirrors
   * `PgRegistry.unregister/2`.
   */
  unregister(key: KeyOf<R>): void {
    const normal = this.args.key(key);
    const { pid } = this.host.processes.self();
    this.running().leave(normal, [pid]);
  }

  /**
   * Adds an entry with one value for each pid, in one operation: one event, in the order of the list, a pid once per
   * occurrence. An empty list does nothing. Mirrors `pg:join/3`.
   *
   * @param value Copied; `null` unless given.
   * @throws ProcessExitedError if one of the processes has ended.
   * @throws AlreadyRegisteredError, InvalidArgumentError in a scope with unique keys: for a key that is held, and for more
   * than one pid.
   */
  join<const K extends KeyOf<R>>(key: K, pids: Pid | readonly Pid[], ...value: ValueArgument<R, K>): void;
  join(key: unknown, pids: unknown, value: unknown = null): void {
    const normal = this.args.key(key);
    const stored = this.args.value(value);
    const members = this.args.members(pids);
    this.running().join(normal, this.args.living(members), stored);
  }

  /**
   * Removes the newest entry of each pid under a key, once per occurrence, in one operation; occurrences without an entry
   * are skipped. Mirrors `pg:leave/3`.
   *
   * @returns False if no entry was removed although one was asked for.
   */
  leave(key: KeyOf<R>, pids: Pid | readonly Pid[]): boolean {
    const normal = this.args.key(key);
    const members = this.args.localPids(pids);
    const left = this.running().leave(normal, members);
    return left || members.length === 0;
  }

  /**
   * Gives every entry of a process under a key another value, in one operation; entries keep their identity and their
   * place. Writing the same value again is an update like any other. Mirrors `Registry.update_value/3`.
   *
   * @param next The value, copied, or a function that gets each old value, oldest entry first. The function must not
   * write to this scope.
   * @param pid The running code's process unless given.
   * @returns False if the process has no entry there; the function was not called then.
   * @throws InvalidArgumentError if the function wrote to this scope; no value was changed then. What the function itself
   * throws goes to the caller, and no value was changed either.
   */
  updateValue<const K extends KeyOf<R>>(
    key: K,
    next: ValueOf<R, K> | ((old: ValueOf<R, K>) => ValueOf<R, K>),
    pid?: Pid,
  ): boolean;
  updateValue(key: unknown, next: unknown, pid?: Pid): boolean {
    const normal = this.args.key(key);
    const member = this.args.localPid(pid);
    if (isUpdater(next)) return this.#updateBy(normal, member, next);
    const stored = this.args.value(next);
    return this.running().update(normal, member, () => stored);
  }

  /**
   * Removes those entries of a process under a key that {@link match} finds, in one operation: exactly these, whatever was
   * registered later. Mirrors `PgRegistry.unregister_match/4`.
   *
   * @param pattern For the value; or a predicate on the entry.
   * @param pid The running code's process unless given.
   * @returns How many entries were removed.
   * @throws InvalidArgumentError saying what is wrong with the pattern or a guard. What a predicate throws goes to the
   * caller; nothing was removed then.
   */
  unregisterMatch<const K extends KeyOf<R>>(
    key: K,
    pattern: Pattern | Predicate<Entry<K, ValueOf<R, K>>>,
    guards?: readonly Expression[],
    pid?: Pid,
  ): number {
    const normal = this.args.key(key);
    const member = this.args.localPid(pid);
    const rows = this.matchingRows(normal, pattern, guards, member);
    return this.running().leaveEntries(rows);
  }

  /** Calls the function for every entry before the first changes, so that the update is one operation or nothing. */
  #updateBy(key: Key, pid: Pid, next: (old: Value) => unknown): boolean {
    const run = this.running();
    const before = run.replication.last;
    const values = run.table.valuesOf(key, pid).map((old) => this.args.value(next(old)));
    run.checkRunning();
    if (run.replication.last !== before) {
      throw invalid(`The function given to updateValue wrote to scope '${this.scope}', which it must not.`);
    }
    let index = 0;
    return run.update(key, pid, () => values[index++]!);
  }
}

/** A function is no value, so whatever is one makes values. */
function isUpdater(next: unknown): next is (old: Value) => unknown {
  return typeof next === 'function';
}
