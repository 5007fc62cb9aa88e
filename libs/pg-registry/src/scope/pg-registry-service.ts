import type { Observable } from 'rxjs';
import type { Via } from '../calls';
import type { Expression, Pattern, Predicate, Spec } from '../match';
import type { Entry } from '../table';
import type { Key, Pid, Value } from '../term';
import { ArgumentChecks } from './argument-checks';
import { CurrentRun } from './current-run';
import type { MonitorEvent, ScopeEvent } from './event';
import type { ListenerToken, RegistryListener } from './listener';
import type { LiveChange } from './live-query';
import { Locks, type LockOptions } from './locks';
import { Metadata, type MetaKey } from './metadata';
import { ScopeMonitors } from './scope-monitors';
import { ListenerNotifier } from './listener-notifier';
import type { KeysMode } from './scope-options';
import { Queries } from './queries';
import { Reads, type DispatchOptions } from './reads';
import type { Registration } from './registration';
import type { EntryOf, KeyOf, Row, ValueArgument, ValueOf } from './row-types';
import type { Scope } from './scope';
import type { ScopeDeps } from './scope-deps';
import { ViaNames } from './via-names';
import { Writes } from './writes';

/** The snapshot and the changes of all keys of the rows `R`. */
export type ScopeEventOf<R extends Row> = R extends readonly [infer K extends Key, infer V]
  ? ScopeEvent<K, V>
  : never;

/** A spec, or a predicate on the entries of the rows `R`. */
export type Query<R extends Row> = Spec | Predicate<EntryOf<R>>;

/**
 * The registry of one scope: registers processes under keys, finds them and reports changes. There is one object per scope
 * and node; it stays the same before, between and after the scope's runs. `R` is the union of the scope's rows, see
 * `defineScope`. Mirrors Elixir's `PgRegistry` and Erlang's `pg`.
 *
 * **Reads** are synchronous, answer from memory and never wait. They return frozen arrays: the same array until the key
 * changes.
 *
 * **Queries** (`match`, `select` and their kin) see the entries of one moment. They return arrays that belong to the
 * caller. A pattern or spec is checked completely before the query looks at any entry.
 *
 * **Writes** are atomic on this node. On others each 2,000 entries of a write are: a join of 5,000 processes arrives there as three
 * operations, with an event for each. When a write returns, its effect is readable and its events are delivered; a write inside of a
 * delivery has its events delivered before the outermost write returns. Very many deliveries continue in later turns of the event
 * loop, see {@link monitor}. Writes are sent to the peers without waiting for
 * them ({@link replicated} waits). A node registers, changes and removes only entries of its own processes.
 *
 * **Subscriptions** (`monitor`, `monitorScope`, `watch`, `liveSelect`) are cold Observables. The first emission comes
 * synchronously at `subscribe` and contains everything that is there; later ones contain what changed. No change is missed
 * or repeated, and all subscribers get changes in the order in which they were made. An observer runs as the process that
 * subscribed. A subscription completes when that process exits or the scope stops; a stop emits no leave events.
 *
 * **Arguments** are checked before anything changes. Every method that takes one throws `InvalidValueError` or
 * `ValueTooLargeError` for a key or value that cannot be stored, `InvalidArgumentError` for anything else that is not what
 * the method takes, and `ScopeNotRunningError` while the scope is stopped.
 */
export class PgRegistryService<R extends Row = Row> {
  /** The scope's name. */
  readonly scope: string;
  readonly #deps: ScopeDeps;
  readonly #current: CurrentRun;
  /** The run of {@link CurrentRun} again: a lookup that need not ask it is faster by a tenth. */
  #run: Scope | undefined;
  readonly #reads: Reads;
  readonly #monitors: ScopeMonitors;
  readonly #queries: Queries;
  readonly #writes: Writes;
  readonly #names: ViaNames;
  readonly #locks: Locks;
  readonly #metadata: Metadata;

  /**
   * @internal Made by node/, one per name.
   *
   * @param onListeners Called when {@link hasListeners} has changed.
   */
  constructor(scope: string, deps: ScopeDeps, onListeners: () => void = () => undefined) {
    const checks = new ArgumentChecks(deps);
    const current = new CurrentRun(scope, () => deps.runningScopes(), onListeners);
    this.scope = scope;
    this.#deps = deps;
    this.#current = current;
    this.#reads = new Reads(current, checks);
    this.#monitors = new ScopeMonitors(current, checks);
    this.#queries = new Queries(current, checks, this.#monitors, deps.processes);
    this.#writes = new Writes(current, checks, this.#queries, deps.processes);
    this.#names = new ViaNames(current, checks, deps);
    this.#locks = new Locks(() => current.require().locks, checks);
    this.#metadata = new Metadata(current, checks);
  }

  /** @internal Makes `run` the one that this object works on, until the next. */
  attach(run: Scope): void {
    this.#run = run;
    this.#current.attach(run);
  }

  /** @internal Lets go of a run that has ended. */
  detach(): void {
    this.#run = undefined;
    this.#current.detach();
  }

  /** @internal Whether listeners were added here, which later runs must find. */
  get hasListeners(): boolean {
    return this.#current.hasListeners;
  }

  /**
   * Whether a key may have many entries on this node, or one.
   *
   * @throws ScopeNotRunningError while the scope is stopped, because the mode belongs to the run.
   */
  get keysMode(): KeysMode {
    return this.#current.require().options.keys;
  }

  // Reads

  /**
   * Returns the entries of a key in the whole cluster, as far as this node has heard. O(1) until the key changes. Mirrors
   * `PgRegistry.lookup/2`.
   *
   * Entries of one node are in the order in which it registered them. Entries of different nodes are in the order in which
   * they arrived here, so nodes may differ. An update does not move an entry.
   *
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be a key.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  lookup<const K extends KeyOf<R>>(key: K): readonly Entry<K, ValueOf<R, K>>[];
  lookup(key: unknown): readonly Entry[] {
    // The table remembers only keys that were checked when they were first asked for, so a hit needs no check.
    const run = this.#run;
    const kept = run?.running === true ? run.table.keptLookup(key) : undefined;
    return kept ?? this.#reads.lookup(key);
  }

  /**
   * Returns the entries of a key whose processes live on this node, in the order of {@link lookup}.
   *
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be a key.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  lookupLocal<const K extends KeyOf<R>>(key: K): readonly Entry<K, ValueOf<R, K>>[];
  lookupLocal(key: unknown): readonly Entry[] {
    return this.#reads.lookupLocal(key);
  }

  /**
   * Returns the pids of {@link lookup}, once per entry. Mirrors `pg:get_members/2`.
   *
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be a key.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  members(key: KeyOf<R>): readonly Pid[] {
    return this.#reads.members(key);
  }

  /**
   * Returns the pids of {@link lookupLocal}, once per entry. Mirrors `pg:get_local_members/2`.
   *
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be a key.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  membersLocal(key: KeyOf<R>): readonly Pid[] {
    return this.#reads.membersLocal(key);
  }

  /**
   * Returns this node's holder of a unique key, or undefined, even if another node has one. O(1).
   *
   * @throws UniqueKeysRequiredError if the scope has duplicate keys.
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be a key.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  whereis(key: KeyOf<R>): Pid | undefined {
    return this.#reads.whereis(key);
  }

  /**
   * Returns the keys under which a process has entries, once each. O(keys returned). Mirrors `Registry.keys/2`.
   *
   * @param pid A process of any node. Default: the process that the running code belongs to.
   * @throws InvalidArgumentError for something that is not a pid.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  keys(pid?: Pid): readonly KeyOf<R>[];
  keys(pid?: Pid): readonly Key[] {
    return this.#reads.keys(pid);
  }

  /**
   * Returns the values that a process has under a key, in the order of {@link lookup}. Mirrors `Registry.values/3`.
   *
   * @param pid A process of any node. Default: the process that the running code belongs to.
   * @throws InvalidArgumentError for something that is not a pid.
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be a key.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  values<const K extends KeyOf<R>>(key: K, pid?: Pid): readonly ValueOf<R, K>[];
  values(key: unknown, pid?: Pid): readonly unknown[] {
    return this.#reads.values(key, pid);
  }

  /**
   * Returns every key with an entry on any node, once each, in no particular order. O(keys). Mirrors `pg:which_groups/1`.
   *
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  groups(): readonly KeyOf<R>[];
  groups(): readonly Key[] {
    return this.#reads.groups();
  }

  /**
   * Returns every key with an entry on this node, once each, in no particular order. O(keys). Mirrors
   * `pg:which_local_groups/1`.
   *
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  groupsLocal(): readonly KeyOf<R>[];
  groupsLocal(): readonly Key[] {
    return this.#reads.groupsLocal();
  }

  /** Counts the entries in the whole cluster, duplicates included; 0 while the scope is stopped. O(1). */
  count(): number {
    return this.#current.run?.table.count ?? 0;
  }

  /** Counts the entries of this node, duplicates included; 0 while the scope is stopped. O(1). */
  countLocal(): number {
    return this.#current.run?.table.countLocal ?? 0;
  }

  /**
   * Calls a function once with the members of a key in the whole cluster and their entries, in the order of {@link lookup},
   * a process once per entry. Does not call it if there is no member. Mirrors `PgRegistry.dispatch/3`.
   *
   * @param callback May write: the arrays that it gets do not change. What it throws goes to the caller.
   * @returns With `parallel`, a promise that resolves when everything that the callback returned has resolved, and rejects if
   * one of it rejects.
   * @throws InvalidOptionError for a wrong or unknown option, InvalidArgumentError for a callback that is no function; both also when
   * there is no member.
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be a key.
   * @throws ScopeNotRunningError while the scope is stopped.
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
    return this.#reads.dispatch(key, callback, options);
  }

  // Queries

  /**
   * Returns the entries of a key whose values match a pattern and pass the guards, in the order of {@link lookup}. O(entries
   * of the key). Mirrors `PgRegistry.match/4`.
   *
   * @param key Compared as it is: a variable or wildcard in it is not a pattern.
   * @param pattern For the value; or a predicate on the entry.
   * @param guards Expressions over the pattern's variables; all must evaluate to `true`.
   * @throws InvalidArgumentError naming what is wrong with the pattern or a guard. What a predicate throws goes to the caller.
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be a key.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  match<const K extends KeyOf<R>>(
    key: K,
    pattern: Pattern | Predicate<Entry<K, ValueOf<R, K>>>,
    guards?: readonly Expression[],
  ): readonly Entry<K, ValueOf<R, K>>[];
  match(key: unknown, pattern: Pattern | Predicate<never>, guards?: readonly Expression[]): readonly Entry[] {
    return this.#queries.match(key, pattern, guards);
  }

  /**
   * Counts the entries that {@link match} returns. Throws the same errors. Mirrors `PgRegistry.count_match/4`.
   *
   * @param key Compared as it is: a variable or wildcard in it is not a pattern.
   * @param pattern For the value; or a predicate on the entry.
   * @param guards Expressions over the pattern's variables; all must evaluate to `true`.
   */
  countMatch<const K extends KeyOf<R>>(
    key: K,
    pattern: Pattern | Predicate<Entry<K, ValueOf<R, K>>>,
    guards?: readonly Expression[],
  ): number {
    return this.#queries.countMatch(key, pattern, guards);
  }

  /**
   * Evaluates a spec for every entry of the cluster and returns the results in no particular order. An entry's result is
   * the body of the first clause that matches it, or `EXIT` where evaluating the body fails. With a predicate, the result
   * is the entry itself. O(entries), or O(entries of the key or process) if the head names it. Mirrors
   * `PgRegistry.select/2`.
   *
   * @throws InvalidArgumentError naming the clause, guard or pattern that is wrong. What a predicate throws goes to the caller.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  select(predicate: Predicate<EntryOf<R>>): EntryOf<R>[];
  select(spec: Spec): unknown[];
  select(query: Spec | Predicate<never>): unknown[] {
    return this.#queries.select(query);
  }

  /**
   * Counts the entries whose result is exactly `true`; with a predicate, the entries that it accepts. Costs and throws the
   * same as {@link select}. Mirrors `PgRegistry.count_select/2`.
   */
  countSelect(query: Query<R>): number {
    return this.#queries.countSelect(query);
  }

  /**
   * Returns the entries under array keys that start with these elements, the array itself included: `['doc']` finds `['doc']`
   * and `['doc', 'a']`, not `'doc'`. Uses an index: O(entries returned).
   *
   * @throws InvalidArgumentError for anything but an array.
   * @throws InvalidValueError, ValueTooLargeError for elements that cannot be keys.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  selectPrefix(prefix: readonly Key[]): readonly EntryOf<R>[];
  selectPrefix(prefix: unknown): readonly Entry[] {
    return this.#queries.selectPrefix(prefix);
  }

  // Subscriptions

  /**
   * Emits the entries of one key, then every join, leave and update of it, one event per operation. Mirrors `pg:monitor/2`;
   * unsubscribing mirrors `pg:demonitor/2` and ends delivery at once.
   *
   * Applying the events to the snapshot gives what a read returns, except during a delivery. An observer may write and
   * subscribe: its write is readable at once, and the events follow for everybody after the current one. If a lost node had
   * thousands of entries, they leave in several operations, one in each turn of the event loop; reads return the others meanwhile.
   * If a change has more than 3,000 deliveries (subscriptions × entries), the rest follow in later turns: until then a delivery is
   * under way, and the events of later changes wait behind it.
   *
   * If an observer throws, other subscribers get the event all the same. RxJS reports the error in a later turn: to
   * `config.onUnhandledError` if the application has set it, otherwise as an uncaught exception.
   *
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be a key.
   * @throws ScopeNotRunningError while the scope is stopped. `subscribe` emits it as an error notification if the scope has
   * stopped since, and ProcessExitedError if the subscribing process has exited.
   */
  monitor<const K extends KeyOf<R>>(key: K): Observable<MonitorEvent<K, ValueOf<R, K>>>;
  monitor(key: unknown): Observable<MonitorEvent> {
    return this.#monitors.monitor(key);
  }

  /**
   * Emits the entries of every key, then every change, one event per operation and key. Order, errors and end are those of
   * {@link monitor}. Subscribing costs O(entries). Mirrors `pg:monitor_scope/1`.
   *
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  monitorScope(): Observable<ScopeEventOf<R>>;
  monitorScope(): Observable<ScopeEvent> {
    return this.#monitors.monitorScope();
  }

  /**
   * Emits the entries of one key as {@link lookup} returns them, and again after every change of the key. Each emission
   * contains what is there at that moment, including writes that other observers made during the same delivery. Order,
   * errors and end are those of {@link monitor}.
   *
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be a key.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  watch<const K extends KeyOf<R>>(key: K): Observable<readonly Entry<K, ValueOf<R, K>>[]>;
  watch(key: unknown): Observable<readonly Entry[]> {
    return this.#monitors.watch(key);
  }

  /**
   * Emits the results of a query, then how they change. The first emission has all results as `added`; each later one has
   * what one operation changed. An operation that changes no result emits nothing. A change costs the evaluation of its own
   * entries only. Order, errors and end are those of {@link monitor}; a predicate that throws ends the subscription with
   * its error.
   *
   * @throws InvalidArgumentError naming the clause, guard or pattern that is wrong.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  liveSelect(query: Query<R>): Observable<LiveChange<EntryOf<R>>>;
  liveSelect(query: Spec | Predicate<never>): Observable<LiveChange> {
    return this.#queries.liveSelect(query);
  }

  /**
   * Adds a listener after those that the scope was configured with, for this run and all later ones. It is called as the
   * process that adds it.
   *
   * @returns A function that removes it again.
   */
  addListener(listener: ListenerToken | RegistryListener): () => void {
    return this.#current.addListener(new ListenerNotifier(listener, this.#deps));
  }

  // Writes

  /**
   * Registers the process that the running code belongs to under a key. Mirrors `PgRegistry.register/3`.
   *
   * @param value Copied; `null` unless given.
   * @returns The entry, to change or remove exactly this one.
   * @throws AlreadyRegisteredError in a scope with unique keys if a process of this node holds the key, even this process.
   * @throws ProcessExitedError if the process has exited.
   * @throws InvalidValueError, ValueTooLargeError for a key or value that cannot be stored.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  register<const K extends KeyOf<R>>(key: K, ...value: ValueArgument<R, K>): Registration<K, ValueOf<R, K>>;
  register(key: unknown, value: unknown = null): Registration {
    return this.#writes.register(key, value);
  }

  /**
   * Removes the newest entry that the running code's process has under a key; does nothing if there is none. Mirrors
   * `PgRegistry.unregister/2`.
   *
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be a key.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  unregister(key: KeyOf<R>): void {
    this.#writes.unregister(key);
  }

  /**
   * Adds an entry with the same value for each pid, in one write: one event, in the order of the list. A pid gets an
   * entry for each time it is listed. An empty list does nothing. Mirrors `pg:join/3`.
   *
   * @param pids Living processes of this node.
   * @param value Copied; `null` unless given.
   * @throws ProcessExitedError if one of the processes has exited; NotLocalError if one lives on another node.
   * @throws AlreadyRegisteredError in a scope with unique keys if a process of this node holds the key.
   * @throws InvalidArgumentError for something that is not a pid, and in a scope with unique keys for more than one pid.
   * @throws InvalidValueError for a key or value that cannot be stored; ValueTooLargeError also if key, value and pids do not
   * fit into one operation (`maxOpBytes`).
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  join<const K extends KeyOf<R>>(key: K, pids: Pid | readonly Pid[], ...value: ValueArgument<R, K>): void;
  join(key: unknown, pids: unknown, value: unknown = null): void {
    this.#writes.join(key, pids, value);
  }

  /**
   * Removes the newest entry of each pid under a key, in one write. A pid loses an entry for each time it is listed;
   * pids without an entry are skipped. Mirrors `pg:leave/3`.
   *
   * @param pids Processes of this node; they may have exited.
   * @returns False if the list was not empty and no entry was removed.
   * @throws NotLocalError if one of the processes lives on another node; InvalidArgumentError for something that is not a pid.
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be a key.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  leave(key: KeyOf<R>, pids: Pid | readonly Pid[]): boolean {
    return this.#writes.leave(key, pids);
  }

  /**
   * Replaces the value of every entry that a process has under a key, in one write. Entries keep their identity and
   * their place. Writing an equal value is an update like any other. Mirrors `Registry.update_value/3`.
   *
   * @param next The value, copied; or a function that gets each old value, oldest entry first. The function must not write
   * to this scope.
   * @param pid A process of this node. Default: the process that the running code belongs to.
   * @returns False if the process has no entry there; the function was not called then.
   * @throws InvalidArgumentError if the function wrote to this scope. In this case, and if the function itself throws, no value
   * was changed.
   * @throws NotLocalError if the process lives on another node.
   * @throws InvalidValueError, ValueTooLargeError for a key or value that cannot be stored.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  updateValue<const K extends KeyOf<R>>(
    key: K,
    next: ValueOf<R, K> | ((old: ValueOf<R, K>) => ValueOf<R, K>),
    pid?: Pid,
  ): boolean;
  updateValue(key: unknown, next: unknown, pid?: Pid): boolean {
    return this.#writes.updateValue(key, next, pid);
  }

  /**
   * Removes the entries of a process under a key that {@link match} finds, in one write. Entries that were registered
   * later stay. Mirrors `PgRegistry.unregister_match/4`.
   *
   * @param pattern For the value; or a predicate on the entry.
   * @param guards Expressions over the pattern's variables; all must evaluate to `true`.
   * @param pid A process of this node. Default: the process that the running code belongs to.
   * @returns How many entries were removed.
   * @throws InvalidArgumentError naming what is wrong with the pattern or a guard. What a predicate throws goes to the caller.
   * In both cases nothing was removed.
   * @throws NotLocalError if the process lives on another node.
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be a key.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  unregisterMatch<const K extends KeyOf<R>>(
    key: K,
    pattern: Pattern | Predicate<Entry<K, ValueOf<R, K>>>,
    guards?: readonly Expression[],
    pid?: Pid,
  ): number {
    return this.#writes.unregisterMatch(key, pattern, guards, pid);
  }

  /**
   * Waits until every peer that is connected now has applied everything that was written here before the call. Does not wait
   * for peers that leave meanwhile. Without peers it resolves at once.
   *
   * @param options How long it may take.
   * @param options.timeoutMs Milliseconds ≥ 0; Infinity for no limit. Default 5000.
   * @returns Rejects with TransportError naming the peers that did not answer in time, or if this node is not connected;
   * nothing is lost then. Rejects with InvalidOptionError for a wrong or unknown option and with ScopeNotRunningError while the
   * scope is stopped.
   */
  replicated(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    return this.#writes.replicated(options);
  }

  // Names (the via protocol): this node only

  /**
   * Registers a living process of this node under a name. Mirrors `PgRegistry.register_name/2`.
   *
   * @returns False if the scope has unique keys and a process of this node holds the name.
   * @throws InvalidArgumentError for a name of another scope or something that is not a pid.
   * @throws ProcessExitedError if the process has exited; NotLocalError if it lives on another node.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  registerName(name: Via, pid: Pid): boolean {
    return this.#names.registerName(name, pid);
  }

  /**
   * Removes every entry that processes of this node have under a name, in one write, newest first for each process.
   * Mirrors `PgRegistry.unregister_name/1`.
   *
   * @throws InvalidArgumentError for a name of another scope.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  unregisterName(name: Via): void {
    this.#names.unregisterName(name);
  }

  /**
   * Returns this node's holder of a name, or undefined. Mirrors `PgRegistry.whereis_name/1`.
   *
   * @throws InvalidArgumentError for a name of another scope; UniqueKeysRequiredError if the scope has duplicate keys.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  whereisName(name: Via): Pid | undefined {
    return this.#names.whereisName(name);
  }

  /**
   * Sends a message to a process without waiting. A pid addresses that process on any node; a name or key addresses this
   * node's holder. Mirrors `PgRegistry.send/2`.
   *
   * @param destination A pid is never taken as a key.
   * @returns The pid that the message was sent to.
   * @throws NotRegisteredError if this node has no holder; UniqueKeysRequiredError for a name or key in a scope with duplicate
   * keys; InvalidArgumentError for a name of another scope.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  send(destination: Via | Pid | KeyOf<R>, message: unknown): Pid {
    return this.#names.send(destination, message);
  }

  // Locks and metadata: this node only, neither replicated nor counted

  /**
   * Runs a function while holding a lock of this node, and resolves with its result. A free lock is taken, and the function
   * called, in this turn; otherwise calls are served in the order of arrival. The lock is released when the function's
   * promise settles, when the function throws, and when the process that took the lock exits. Mirrors `Registry.lock/3`.
   *
   * Locks have keys of their own, apart from those of entries, and work in every key mode.
   *
   * The asynchronous context tells which code holds a lock. Its first use adds some 60 ns to every `await` in this Node.js
   * process.
   *
   * @param key Any key; it need not be registered.
   * @returns Rejects with what the function throws; with LockTimeoutError after `timeoutMs` (default 5000) of waiting, with
   * the signal's reason when it aborts the waiting, with InvalidOptionError for wrong options, with InvalidArgumentError inside
   * of a function that holds this lock already, with ProcessExitedError when the waiting process exits, and with ScopeNotRunningError when the
   * scope stops.
   */
  lock<T>(key: Key, fn: () => T | PromiseLike<T>, options: LockOptions = {}): Promise<T> {
    return this.#locks.lock(key, fn, options);
  }

  /**
   * Returns a value of this node's metadata, or undefined; {@link hasMeta} tells a stored undefined from a missing value.
   * Metadata makes no events and is lost when the scope stops. Mirrors `Registry.meta/2`.
   *
   * @throws InvalidArgumentError for a key that is neither a string nor an array.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  meta(key: MetaKey): Value | undefined {
    return this.#metadata.get(key);
  }

  /**
   * Tells whether this node's metadata has a value under the key.
   *
   * @throws InvalidArgumentError for a key that is neither a string nor an array.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  hasMeta(key: MetaKey): boolean {
    return this.#metadata.has(key);
  }

  /**
   * Stores a copy of the value in this node's metadata. Mirrors `Registry.put_meta/3`.
   *
   * @throws InvalidArgumentError for a key that is neither a string nor an array.
   * @throws InvalidValueError, ValueTooLargeError for a value that cannot be stored.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  putMeta(key: MetaKey, value: Value): void {
    this.#metadata.put(key, value);
  }

  /**
   * Removes a value from this node's metadata, if it is there. Mirrors `Registry.delete_meta/2`.
   *
   * @throws InvalidArgumentError for a key that is neither a string nor an array.
   * @throws ScopeNotRunningError while the scope is stopped.
   */
  deleteMeta(key: MetaKey): void {
    this.#metadata.delete(key);
  }

  /** What `console.log` and `util.inspect` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const { run } = this.#current;
    if (run === undefined) return `PgRegistryService <${this.scope}> (not running)`;
    const entries = this.count();
    const how = `${run.options.keys} keys, ${entries} ${entries === 1 ? 'entry' : 'entries'}`;
    return `PgRegistryService <${this.scope}> (${how}, ${this.countLocal()} of this node)`;
  }
}
