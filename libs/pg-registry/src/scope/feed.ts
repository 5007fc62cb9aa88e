import type { Subscriber } from 'rxjs';
import type { LocalProcess, Processes } from '../lifetime';
import type { Change, Diff } from '../table';
import type { Cause } from './event';
import { listenerBatchOf, type ListenerNotifier } from './listener-notifier';
import { QueuedChange } from './queued-change';
import type { ChangeCount, ScopeDeps } from './scope-deps';
import { type Projection, ScopeSubscription } from './scope-subscription';
import { SubscriptionsByKey } from './subscriptions/subscriptions-by-key';

/** How many deliveries follow each other without a pause; each counts as often as its change has entries. */
const DELIVERIES_PER_TURN = 3000;
/** With more changes than these still to be delivered there are no pauses: writers wait for observers, and memory stays bounded. */
const MOST_POSTPONED = 20_000;

/** A change of which some subscriptions have been told: the others are told in later turns of the event loop. */
interface PartialDelivery {
  readonly subscriptions: readonly ScopeSubscription[];
  /** How many of them have been told. */
  told: number;
}

/**
 * Turns the diffs of a run into events: the only place that notifies anybody.
 *
 * Diffs arrive in the order of their mutations, and everybody gets them in this order. A write made inside of a delivery
 * has its diff queued and delivered before the outermost write returns, if there is room for it in the turn. Each change goes to the
 * subscriptions of the whole scope first, oldest first; then to those of its key, newest first; then to listeners. A diff that nobody
 * waits for costs one comparison.
 *
 *     idle ── drain ──► delivering ── all are told ──────────────────► idle
 *                        ▲      └──── 3,000 deliveries were made ──► postponed until the turn of the event loop is over
 *                        └────────────────────────────────────────────────┘
 *
 * While a delivery is postponed, changes and their order stay in the queue, behind those that came before, and reads return what
 * is there by then. Who subscribes meanwhile has all queued changes in its snapshot.
 */
export class Feed {
  /** Notified last, in this order. */
  readonly listeners = new Set<ListenerNotifier>();
  readonly #scope: string;
  readonly #processes: Processes;
  readonly #afterTurn: ScopeDeps['afterTurn'];
  readonly #deliveriesPerTurn: number;
  readonly #recorder: ScopeDeps['recorder'];
  readonly #count: ChangeCount;
  readonly #ofScope = new SubscriptionList('oldest-first');
  readonly #byKey = new SubscriptionsByKey<SubscriptionList>();
  readonly #byProcess = new Map<LocalProcess, Set<ScopeSubscription>>();
  readonly #queue: QueuedChange[] = [];
  /** Index of the change that is delivered next, or in part already. */
  #next = 0;
  #partial: PartialDelivery | undefined;
  /** Number of the change that was queued last. */
  #sequence = 0;
  #delivering = false;
  #isPostponed = false;
  #cancelTurn: () => void = () => undefined;
  #closed = false;

  constructor(
    scope: string,
    {
      processes,
      afterTurn,
      deliveriesPerTurn = DELIVERIES_PER_TURN,
      recorder,
    }: Pick<ScopeDeps, 'processes' | 'afterTurn' | 'deliveriesPerTurn' | 'recorder'>,
  ) {
    this.#scope = scope;
    this.#processes = processes;
    this.#afterTurn = afterTurn;
    this.#deliveriesPerTurn = deliveriesPerTurn;
    this.#recorder = recorder;
    this.#count = { scope, changes: 0 };
    recorder?.begin(this.#count);
  }

  /** Whether some of those who are waiting for a change have not been told of it. */
  get isDelivering(): boolean {
    return this.#delivering || this.#isPostponed;
  }

  /** Queues a diff until the next {@link drain}. A snapshot taken until then contains it. */
  enqueue(diff: Diff, cause: Cause): void {
    if (this.#recorder !== undefined) {
      this.#count.changes += diff.length;
      if (this.#recorder.isOn) this.#recorder.record(this.#scope, diff, cause);
    }
    // Without a receiver nothing is queued: a subscriber that comes before the drain has the change in its snapshot.
    if (this.#closed || (this.#byProcess.size === 0 && this.listeners.size === 0)) return;
    for (const change of diff) this.#queue.push(new QueuedChange(change, cause, (this.#sequence += 1)));
  }

  /**
   * Delivers the queue: all of it, or as much as one turn of the event loop has room for, and the rest in later turns. A delivery that
   * is under way or postponed delivers what is queued meanwhile. Never throws.
   */
  drain(): void {
    if (this.#delivering || this.#queue.length === 0) return;
    const hasRoom = this.#queue.length <= MOST_POSTPONED;
    if (this.#isPostponed && hasRoom) return;
    this.#delivering = true;
    // Nothing in this loop throws: subscriptions and listeners catch what their receivers throw. The loop also delivers
    // changes that are queued while it runs.
    let left = hasRoom ? this.#deliveriesPerTurn : Infinity;
    while (this.#next < this.#queue.length && left > 0) left = this.#notify(this.#queue[this.#next], left);
    if (this.#next < this.#queue.length) this.#postpone();
    else this.#queue.length = 0;
    this.#next = 0;
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
    this.#recorder?.end(this.#count);
    this.#cancelTurn();
    this.#isPostponed = false;
    this.#partial = undefined;
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

  /** The rest of the queue waits for the next turn of the event loop. */
  #postpone(): void {
    this.#queue.splice(0, this.#next);
    if (this.#isPostponed) return;
    this.#isPostponed = true;
    this.#cancelTurn = this.#afterTurn(() => {
      this.#isPostponed = false;
      this.drain();
    });
  }

  /** Tells of the change at {@link #next}, and goes on to the one after it unless `left` is not enough. Returns what is left. */
  #notify(queued: QueuedChange, left: number): number {
    const ofScope = this.#ofScope.members();
    const ofKey = this.#byKey.size > 0 ? this.#byKey.get(queued.change.key)?.members() : undefined;
    const weight = queued.change.rows.length;
    const after = left - weight * (ofScope.length + (ofKey?.length ?? 0));
    if (after < 0 || this.#partial !== undefined)
      return this.#notifySome(queued, left, (this.#partial ??= partialOf(ofScope, ofKey)));
    const here = this.#processes.current.snapshot();
    for (const subscription of ofScope) subscription.next(queued, here);
    if (ofKey !== undefined) for (const subscription of ofKey) subscription.next(queued, here);
    if (this.listeners.size > 0) this.#notifyListeners(queued.change);
    this.#next += 1;
    return after - weight * this.listeners.size;
  }

  /** Tells as many as there is room for, at least one; the last one, and the listeners, end it. */
  #notifySome(queued: QueuedChange, left: number, partial: PartialDelivery): number {
    const here = this.#processes.current.snapshot();
    const { subscriptions } = partial;
    let after = left;
    while (after > 0 && partial.told < subscriptions.length) {
      subscriptions[partial.told].next(queued, here);
      partial.told += 1;
      after -= queued.change.rows.length;
    }
    if (partial.told < subscriptions.length) return after;
    this.#partial = undefined;
    this.#next += 1;
    if (this.listeners.size > 0) this.#notifyListeners(queued.change);
    return after - queued.change.rows.length * this.listeners.size;
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

function partialOf(
  ofScope: readonly ScopeSubscription[],
  ofKey: readonly ScopeSubscription[] = [],
): PartialDelivery {
  return { subscriptions: [...ofScope, ...ofKey], told: 0 };
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
