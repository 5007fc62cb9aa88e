import { Observable } from 'rxjs';
import type { Entry } from '../table';
import { KeyMap } from '../term';
import type { ArgumentChecks } from './argument-checks';
import type { CurrentRun } from './current-run';
import type { ChangeEvent, MonitorEvent, ScopeEvent } from './event';
import type { QueuedChange } from './queued-change';
import type { Projection } from './scope-subscription';
import type { Scope } from './scope';

/** The subscriptions of a {@link PgRegistryService}: cold Observables over the run's feed. */
export class ScopeMonitors {
  readonly #current: CurrentRun;
  readonly #checks: ArgumentChecks;

  constructor(current: CurrentRun, checks: ArgumentChecks) {
    this.#current = current;
    this.#checks = checks;
  }

  monitor(key: unknown): Observable<MonitorEvent> {
    const normal = this.#checks.key(key);
    return this.observe<MonitorEvent>((run) => ({
      key: normal,
      snapshot: () => Object.freeze({ type: 'snapshot', entries: run.table.lookup(normal) }),
      after: eventOf,
    }));
  }

  monitorScope(): Observable<ScopeEvent> {
    return this.observe<ScopeEvent>((run) => ({
      key: undefined,
      snapshot: () => Object.freeze({ type: 'snapshot', groups: groupsOf(run) }),
      after: eventOf,
    }));
  }

  watch(key: unknown): Observable<readonly Entry[]> {
    const normal = this.#checks.key(key);
    return this.observe((run) => ({
      key: normal,
      snapshot: () => run.table.lookup(normal),
      after: () => run.table.lookup(normal),
    }));
  }

  /**
   * Makes a cold Observable; each subscription gets a projection of its own.
   *
   * @throws ScopeNotRunningError while the scope is stopped. `subscribe` emits it as an error notification if the scope has
   * stopped since, and ProcessExitedError if the subscribing process has exited.
   */
  observe<T>(projectionOf: (run: Scope) => Projection<T>): Observable<T> {
    this.#current.require();
    return new Observable((subscriber) => {
      const run = this.#current.require();
      this.#checks.self();
      run.feed.subscribe(projectionOf(run), subscriber);
    });
  }
}

/** What a monitor emits. One function for all: a closure of each monitor would be one more object that every delivery reads. */
function eventOf(queued: QueuedChange): ChangeEvent {
  return queued.event ?? queued.makeEvent();
}

function groupsOf({ table }: Scope): KeyMap<readonly Entry[]> {
  const groups = new KeyMap<readonly Entry[]>();
  for (const key of table.groups()) groups.set(key, table.lookup(key));
  return groups;
}
