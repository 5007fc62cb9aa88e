import type { Entry } from '../table';
import type { Key, Pid, Value } from '../term';
import { describe, invalid } from './arguments';
import type { LockOptions } from './locks';
import { RegistryNames } from './names';
import type { KeyOf, Row, ValueOf } from './row';

/** How `dispatch` calls. */
export interface DispatchOptions {
  /** Wait for what the callback returns: a promise, or an array of them. Default false. */
  readonly parallel?: boolean | undefined;
}

/** A key of the metadata of a scope. */
export type MetaKey = string | readonly Key[];

/**
 * The registry of one scope, as users hold it: one object per name and node, the same before, between and after the
 * scope's runs. `R` is the union of the scope's rows, see `defineScope`.
 *
 * Everything local is synchronous and atomic. The class is built in layers, each with its own promises: lookups
 * (`RegistryReads`), queries (`RegistryQueries`), subscriptions (`RegistryMonitors`), writes (`RegistryWrites`), the via
 * protocol (`RegistryNames`), and here what goes on beside the entries. While the scope is stopped every method throws
 * `ScopeNotRunningError`, except that counts are 0. Mirrors Elixir's `PgRegistry` and Erlang's `pg`.
 */
export class PgRegistryService<R extends Row = Row> extends RegistryNames<R> {
  /**
   * Calls the callback once with the members of a key in the whole cluster and their entries, in lookup order, a process
   * once per entry; not at all if there is none. What it throws goes to the caller. Mirrors `PgRegistry.dispatch/3`.
   *
   * @param callback May write: what it was given does not change.
   * @returns With `parallel` a promise that resolves when all that the callback returned has; it rejects if one rejects.
   * @throws InvalidArgumentError for an unknown option, also when there is no member.
   */
  dispatch<const K extends KeyOf<R>>(
    key: K,
    callback: (pids: readonly Pid[], entries: readonly Entry<K, ValueOf<R, K>>[]) => unknown,
    options: { readonly parallel: true },
  ): Promise<void>;
  dispatch<const K extends KeyOf<R>>(
    key: K,
    callback: (pids: readonly Pid[], entries: readonly Entry<K, ValueOf<R, K>>[]) => unknown,
    options?: { readonly parallel?: false | undefined },
  ): void;
  dispatch(key: unknown, callback: unknown, options?: DispatchOptions): Promise<void> | void {
    const normal = this.args.key(key);
    this.args.callback(callback, 'callback');
    this.args.options(options, ['parallel']);
    if (!['boolean', 'undefined'].includes(typeof options?.parallel))
      throw invalid('parallel must be true or false.');
    const { table } = this.running();
    const call = (): unknown => {
      const pids = table.members(normal);
      return pids.length > 0 ? callback(pids, table.lookup(normal)) : undefined;
    };
    if (options?.parallel === true) return settled(call);
    call();
  }

  /**
   * Runs a function while holding a lock of this node, and resolves with its result. Locks are a namespace of their own,
   * work in every key mode and are given in the order of arrival; a free lock is taken, and the function called, in this
   * turn. Given back when the function's promise has settled, when it throws, and when the process that took it exits.
   * Mirrors `Registry.lock/3`.
   *
   * Which code holds a lock is known from its asynchronous context: the first use costs every `await` of the Node.js
   * process some 60 ns.
   *
   * @param key Any key; it need not be registered.
   * @returns Rejects with what the function throws; with LockTimeoutError after `timeoutMs` (default 5000) of waiting, with
   * the signal's reason when it aborts the waiting, with InvalidArgumentError inside of a function that holds this lock
   * already, with ProcessExitedError when the process that waits exits, and with ScopeNotRunningError when the scope stops.
   */
  async lock<T>(key: Key, fn: () => T | PromiseLike<T>, options: LockOptions = {}): Promise<T> {
    const normal = this.args.key(key);
    this.args.callback(fn, 'fn');
    this.args.options(options, ['timeoutMs', 'signal']);
    this.args.timeout(options.timeoutMs);
    this.args.signal(options.signal);
    const { locks } = this.running();
    this.args.self();
    return locks.run(normal, fn, options);
  }

  /** What `console.log` and `util.inspect` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const run = this.run();
    if (run === undefined) return `PgRegistryService <${this.scope}> (not running)`;
    const entries = this.count();
    const how = `${run.options.keys} keys, ${entries} ${entries === 1 ? 'entry' : 'entries'}`;
    return `PgRegistryService <${this.scope}> (${how}, ${this.countLocal()} of this node)`;
  }

  /**
   * Waits until every peer that is connected now has applied all that was written here before the call; peers that go
   * meanwhile are not waited for. Without peers it resolves at once.
   *
   * @returns Rejects naming the laggards after `timeoutMs`.
   */
  async replicated(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    this.args.options(options, ['timeoutMs']);
    this.args.timeout(options.timeoutMs);
    return this.running().replication.replicated(options);
  }

  /**
   * A value of this node's metadata, or undefined; {@link hasMeta} tells a stored undefined. Metadata is not replicated,
   * not counted, makes no events and is lost with the run. Mirrors `Registry.meta/2`.
   *
   * @throws InvalidArgumentError for a key that is neither a string nor an array; so do the other three.
   */
  meta(key: MetaKey): Value | undefined {
    const normal = this.#metaKey(key);
    return this.running().meta.get(normal);
  }

  /** Whether this node's metadata has a value under the key. */
  hasMeta(key: MetaKey): boolean {
    const normal = this.#metaKey(key);
    return this.running().meta.has(normal);
  }

  /** Stores a copy of the value in this node's metadata. Mirrors `Registry.put_meta/3`. */
  putMeta(key: MetaKey, value: Value): void {
    const normal = this.#metaKey(key);
    const stored = this.args.value(value);
    this.running().meta.set(normal, stored);
  }

  /** Removes a value from this node's metadata, if it is there. Mirrors `Registry.delete_meta/2`. */
  deleteMeta(key: MetaKey): void {
    const normal = this.#metaKey(key);
    this.running().meta.delete(normal);
  }

  #metaKey(key: unknown): Key {
    if (typeof key === 'string' || Array.isArray(key)) return this.args.key(key);
    throw invalid(`A metadata key is a string or an array, not ${describe(key)}.`);
  }
}

async function settled(call: () => unknown): Promise<void> {
  const result = await call();
  if (Array.isArray(result)) await Promise.all(result);
}
