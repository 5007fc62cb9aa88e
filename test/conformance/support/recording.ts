import type { Observable, Subscription } from 'rxjs';
import {
  compareValues,
  type Key,
  type MembershipEvent,
  type PgRegistryService,
  type Pid,
  type Registered,
  type RegistryListener,
  type ScopeEvent,
  type UpdateEvent,
  type Value,
} from 'nestjs-pg-registry';

type Change = MembershipEvent | UpdateEvent;

/** A subscription that records everything. */
export class Recording<T> {
  readonly all: T[] = [];
  completed = false;
  readonly subscription: Subscription;

  constructor(source: Observable<T>) {
    this.subscription = source.subscribe({
      next: (emission) => void this.all.push(emission),
      complete: () => (this.completed = true),
    });
  }

  stop(): void {
    this.subscription.unsubscribe();
  }
}

/** A subscription to a scope or key that records the changes. */
export class ChangeRecording extends Recording<ScopeEvent | Change | { readonly type: 'snapshot' }> {
  /** Everything but the snapshot. */
  get changes(): Change[] {
    return this.all.filter((event): event is Change => event.type !== 'snapshot');
  }

  /** The changes in short: `['join', key, [values]]`, `['update', key, [[old, value]]]`. */
  get told(): unknown[] {
    return this.changes.map((event) => [
      event.type,
      event.key,
      event.type === 'update'
        ? event.entries.map(({ old, value }) => [old, value])
        : event.entries.map(({ value }) => value),
    ]);
  }
}

/** Subscribes to a whole scope, or to one key of it. */
export function observe(registry: PgRegistryService, key?: Key): ChangeRecording {
  return new ChangeRecording(key === undefined ? registry.monitorScope() : registry.monitor(key));
}

/** A listener that records its calls: `['register', key, pid, value]`, `['unregister', key, pid]`. */
export class ListenerRecording implements RegistryListener {
  readonly told: (readonly ['register', Key, Pid, unknown] | readonly ['unregister', Key, Pid])[] = [];

  onRegister({ key, pid, value }: Registered): void {
    this.told.push(['register', key, pid, value]);
  }

  onUnregister({ key, pid }: { readonly key: Key; readonly pid: Pid }): void {
    this.told.push(['unregister', key, pid]);
  }
}

/** The values of a key, in lookup order. */
export function valuesOf(registry: PgRegistryService, key: Key): unknown[] {
  return registry.lookup(key).map(({ value }) => value);
}

/** Sorts values, for comparisons in which the order does not matter. */
export function sorted<T>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => compareValues(a as Value, b as Value));
}
