import { Observable } from 'rxjs';
import type { Entry } from '../table';
import { KeyMap, type Key } from '../term';
import type { MonitorEvent, ScopeEvent } from './event';
import type { View } from './observation';
import { RegistryReads } from './reads';
import type { KeyOf, Row, ValueOf } from './row';
import type { Scope } from './scope';

/** The snapshot and the changes of all keys of the rows `R`. */
export type ScopeEventOf<R extends Row> = R extends readonly [infer K extends Key, infer V]
  ? ScopeEvent<K, V>
  : never;

/**
 * The subscriptions: cold Observables whose first emission, given synchronously at `subscribe`, is what is there, and
 * whose later ones are what changed since. Nothing is missed and nothing told twice: folding the events over the snapshot
 * gives what a read returns, whenever no delivery is under way.
 *
 * Everybody gets changes in one order, the order in which they were made. An observer may write and subscribe: the write
 * is readable at once, and its events follow for everybody when the present one is through. Observers run as the process
 * that subscribed, and complete when it exits; all complete when the scope stops, without leave events. Unsubscribing
 * ends delivery at once. Mirrors `pg:monitor/2` and `pg:demonitor/2`.
 *
 * **Errors**: what a function given to `subscribe` throws disturbs no other subscriber; it goes where RxJS sends it, to
 * `config.onUnhandledError` if the application has set that, else it is an uncaught exception. The library does not touch
 * RxJS's configuration.
 *
 * Throws in all of them: `ScopeNotRunningError` while the scope is stopped. A `subscribe` gets it as an error
 * notification, if the scope has stopped since, or `ProcessExitedError`, if it is made as a process that has exited.
 */
export abstract class RegistryMonitors<R extends Row = Row> extends RegistryReads<R> {
  /**
   * The entries of one key, then every join, leave and update of it. One event per operation.
   *
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be a key.
   */
  monitor<const K extends KeyOf<R>>(key: K): Observable<MonitorEvent<K, ValueOf<R, K>>>;
  monitor(key: unknown): Observable<MonitorEvent> {
    const normal = this.args.key(key);
    return this.observe<MonitorEvent>((run) => ({
      key: normal,
      snapshot: () => Object.freeze({ type: 'snapshot', entries: run.table.lookup(normal) }),
      after: (delivery) => delivery.event,
    }));
  }

  /**
   * The entries of every key, then every change. One event per operation and key. A subscription costs O(entries).
   * Mirrors `pg:monitor_scope/1`.
   */
  monitorScope(): Observable<ScopeEventOf<R>>;
  monitorScope(): Observable<ScopeEvent> {
    return this.observe<ScopeEvent>((run) => ({
      key: undefined,
      snapshot: () => Object.freeze({ type: 'snapshot', groups: groupsOf(run) }),
      after: (delivery) => delivery.event,
    }));
  }

  /**
   * The entries of one key as {@link lookup} gives them, again after every change of the key. Emits what is there at the
   * moment of the emission, which a write made inside of a delivery can have moved on already.
   *
   * @throws InvalidValueError, ValueTooLargeError for something that cannot be a key.
   */
  watch<const K extends KeyOf<R>>(key: K): Observable<readonly Entry<K, ValueOf<R, K>>[]>;
  watch(key: unknown): Observable<readonly Entry[]> {
    const normal = this.args.key(key);
    return this.observe((run) => ({
      key: normal,
      snapshot: () => run.table.lookup(normal),
      after: () => run.table.lookup(normal),
    }));
  }

  /** @internal A cold Observable of what each subscription's view shows. */
  protected observe<T>(view: (run: Scope) => View<T>): Observable<T> {
    this.running();
    return new Observable((subscriber) => {
      const run = this.running();
      this.args.self();
      run.feed.observe(view(run), subscriber);
    });
  }
}

function groupsOf({ table }: Scope): KeyMap<readonly Entry[]> {
  const groups = new KeyMap<readonly Entry[]>();
  for (const key of table.groups()) groups.set(key, table.lookup(key));
  return groups;
}
