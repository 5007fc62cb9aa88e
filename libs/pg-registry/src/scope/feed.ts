import type { Subscriber } from 'rxjs';
import type { LocalProcess, Processes } from '../lifetime';
import type { Change, Diff } from '../table';
import { KeyMap } from '../term';
import type { Cause } from './event';
import { listenerBatchOf, type ListenerNotifier } from './listener-notifier';
import { QueuedChange } from './queued-change';
import { type Projection, ScopeSubscription } from './scope-subscription';

/**
 * Turns the diffs of a run into events: the only place that notifies anybody.
 *
 * Diffs arrive in the order of their mutations, and everybody gets them in this order. A write made inside of a delivery
 * has its diff queued and delivered before the outermost write returns. Each change goes to the subscriptions of the whole
 * scope first, oldest first; then to those of its key, newest first; then to listeners. A diff that nobody waits for costs
 * one comparison.
 */
export class Feed {
  /** Notified last, in this order. */
  readonly listeners = new Set<ListenerNotifier>();
  readonly #scope: string;
  readonly #processes: Processes;
  readonly #ofScope = new SubscriptionList('oldest-first');
  readonly #byKey = new KeyMap<SubscriptionList>();
  readonly #byProcess = new Map<LocalProcess, Set<ScopeSubscription>>();
  readonly #queue: QueuedChange[] = [];
  /** Number of the change that was queued last. */
  #sequence = 0;
  #delivering = false;
  #closed = false;

  constructor(scope: string, processes: Processes) {
    this.#scope = scope;
    this.#processes = processes;
  }

  /** Queues a diff until the next {@link drain}. A snapshot taken until then contains it. */
  enqueue(diff: Diff, cause: Cause): void {
    // Without a receiver nothing is queued: a subscriber that comes before the drain has the change in its snapshot.
    if (this.#closed || (this.#byProcess.size === 0 && this.listeners.size === 0)) return;
    for (const change of diff) this.#queue.push(new QueuedChange(change, cause, (this.#sequence += 1)));
  }

  /** Delivers the queue, unless a delivery is under way, which delivers it then. Never throws. */
  drain(): void {
    if (this.#delivering || this.#queue.length === 0) return;
    this.#delivering = true;
    // Nothing in this loop throws: subscriptions and listeners catch what their receivers throw. The loop also delivers
    // changes that are queued while it runs.
    for (const change of this.#queue) this.#notify(change);
    this.#queue.length = 0;
    this.#delivering = false;
  }

  /**
   * Emits the projection's snapshot, then what it makes of each later change, until the subscriber unsubscribes, the
   * process that subscribes exits, or the feed closes. The snapshot contains the changes that are queued now.
   */
  subscribe<T>(projection: Projection<T>, subscriber: Subscriber<T>): void {
    const subscription = new ScopeSubscription(projection, subscriber, this.#processes, this.#sequence);
    // Added before the snapshot is emitted: what the receiver of the snapshot writes is a change after it.
    this.#add(subscription);
    subscriber.add(() => this.#remove(subscription));
    this.#emitSnapshot(() => subscriber.next(projection.snapshot()));
  }

  /** Completes the subscriptions that were made as this process. */
  completeFor(process: LocalProcess): void {
    for (const subscription of this.#byProcess.get(process) ?? []) subscription.complete();
  }

  /** Completes every subscription; changes that are still queued are not delivered. */
  close(): void {
    this.#closed = true;
    this.#queue.length = 0;
    this.listeners.clear();
    for (const process of this.#byProcess.keys()) this.completeFor(process);
  }

  /** A snapshot counts as a delivery, so that its receiver has returned before it gets the events of its own writes. */
  #emitSnapshot(emit: () => void): void {
    if (this.#delivering) return emit();
    this.#delivering = true;
    try {
      emit();
    } finally {
      this.#delivering = false;
      this.drain();
    }
  }

  #notify(queued: QueuedChange): void {
    const here = this.#processes.current.snapshot();
    for (const subscription of this.#ofScope.members()) subscription.next(queued, here);
    if (this.#byKey.size > 0) {
      const ofKey = this.#byKey.get(queued.change.key);
      if (ofKey !== undefined) for (const subscription of ofKey.members()) subscription.next(queued, here);
    }
    if (this.listeners.size > 0) this.#notifyListeners(queued.change);
  }

  #notifyListeners(change: Change): void {
    const batch = listenerBatchOf(change, this.#scope);
    if (batch !== undefined) for (const listener of this.listeners) listener.notify(batch);
  }

  #add(subscription: ScopeSubscription): void {
    this.#listOf(subscription).add(subscription);
    const ofProcess = this.#byProcess.get(subscription.process);
    if (ofProcess === undefined) this.#byProcess.set(subscription.process, new Set([subscription]));
    else ofProcess.add(subscription);
  }

  #remove(subscription: ScopeSubscription): void {
    const { key, process } = subscription;
    const list = this.#listOf(subscription);
    list.delete(subscription);
    if (key !== undefined && list.size === 0) this.#byKey.delete(key);
    const ofProcess = this.#byProcess.get(process);
    ofProcess?.delete(subscription);
    if (ofProcess?.size === 0) this.#byProcess.delete(process);
  }

  #listOf({ key }: ScopeSubscription): SubscriptionList {
    if (key === undefined) return this.#ofScope;
    let list = this.#byKey.get(key);
    if (list === undefined) this.#byKey.set(key, (list = new SubscriptionList('newest-first')));
    return list;
  }
}

/**
 * Subscriptions that get the same changes. Adding and removing is O(1). A delivery walks an array that is made anew after
 * a change of the list, so subscriptions that come or go during a delivery do not disturb it.
 */
class SubscriptionList {
  readonly #members = new Set<ScopeSubscription>();
  readonly #newestFirst: boolean;
  #array: readonly ScopeSubscription[] | undefined;

  constructor(order: 'oldest-first' | 'newest-first') {
    this.#newestFirst = order === 'newest-first';
  }

  get size(): number {
    return this.#members.size;
  }

  add(subscription: ScopeSubscription): void {
    this.#members.add(subscription);
    this.#array = undefined;
  }

  delete(subscription: ScopeSubscription): void {
    this.#members.delete(subscription);
    this.#array = undefined;
  }

  /** The subscriptions at this moment, in the list's order. */
  members(): readonly ScopeSubscription[] {
    if (this.#array === undefined) {
      const members = [...this.#members];
      this.#array = this.#newestFirst ? members.toReversed() : members;
    }
    return this.#array;
  }
}
