import type { Subscriber } from 'rxjs';
import type { LocalProcess, Processes } from '../lifetime';
import type { Change, Diff } from '../table';
import { KeyMap } from '../term';
import { Audience } from './audience';
import { Delivery } from './delivery';
import type { Cause } from './event';
import { newsOf, type MountedListener } from './mounted-listener';
import { Observation, type View } from './observation';

/**
 * The one place that turns the diffs of a scope into events.
 *
 * Diffs come in the order of their mutations and are delivered in this order to everybody. A write made inside a
 * delivery has its diff queued and delivered before the outermost write returns. For one change, observers of the whole
 * scope come first, then those of its key, newest first, then listeners. While nobody listens a diff costs one comparison.
 */
export class Feed {
  /** Told last, in this order. */
  readonly listeners = new Set<MountedListener>();
  readonly #scope: string;
  readonly #processes: Processes;
  readonly #wide = new Audience<Observation>('oldest-first');
  readonly #keyed = new KeyMap<Audience<Observation>>();
  readonly #byProcess = new Map<LocalProcess, Set<Observation>>();
  readonly #queue: Delivery[] = [];
  /** Number of the last queued change. */
  #sequence = 0;
  #delivering = false;
  #closed = false;

  constructor(scope: string, processes: Processes) {
    this.#scope = scope;
    this.#processes = processes;
  }

  /** Delivers what changed, or queues it behind what is being delivered. Never throws. */
  publish(diff: Diff, cause: Cause): void {
    if (this.#isDeserted) return;
    this.enqueue(diff, cause);
    this.drain();
  }

  /** Queues what changed until the next {@link drain}; snapshots taken until then contain it. */
  enqueue(diff: Diff, cause: Cause): void {
    // Who comes before it is delivered has it in the snapshot.
    if (this.#closed || this.#isDeserted) return;
    for (const change of diff) this.#queue.push(new Delivery(change, cause, (this.#sequence += 1)));
  }

  /** Delivers what is queued, unless a delivery is under way, which will come to it. Never throws. */
  drain(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    // Nothing in the loop throws: observations and listeners keep what their receivers throw.
    for (const entry of this.#queue) this.#tell(entry); // what is queued meanwhile included
    this.#queue.length = 0;
    this.#delivering = false;
  }

  /**
   * Emits the view's snapshot to the subscriber, then what the view makes of each later change, until the subscriber
   * goes, the process that subscribes exits, or the feed closes. Changes that are queued now are in the snapshot.
   */
  observe<T>(view: View<T>, subscriber: Subscriber<T>): void {
    const observation = new Observation(view, subscriber, this.#processes, this.#sequence);
    // Before the snapshot is out: what its receiver writes is news to it.
    this.#add(observation);
    subscriber.add(() => this.#remove(observation));
    // The snapshot counts as a delivery, so that its receiver has taken it in before it hears of its own writes.
    this.#deliver(() => subscriber.next(view.snapshot()));
  }

  /** Completes the subscriptions that were made as this process. */
  completeFor(process: LocalProcess): void {
    for (const observation of this.#byProcess.get(process) ?? []) observation.complete();
  }

  /** Completes every subscription; what is still queued is not delivered any more. */
  close(): void {
    this.#closed = true;
    this.#queue.length = 0;
    this.listeners.clear();
    for (const process of this.#byProcess.keys()) this.completeFor(process);
  }

  get #isDeserted(): boolean {
    return this.#byProcess.size === 0 && this.listeners.size === 0;
  }

  #deliver(delivery: () => void): void {
    if (this.#delivering) return delivery();
    this.#delivering = true;
    try {
      delivery();
    } finally {
      this.#delivering = false;
      this.drain();
    }
  }

  #tell(delivery: Delivery): void {
    const here = this.#processes.current.snapshot();
    for (const observation of this.#wide.list()) observation.next(delivery, here);
    if (this.#keyed.size > 0) {
      const audience = this.#keyed.get(delivery.change.key);
      if (audience !== undefined) for (const observation of audience.list()) observation.next(delivery, here);
    }
    if (this.listeners.size > 0) this.#tellListeners(delivery.change);
  }

  #tellListeners(change: Change): void {
    const news = newsOf(change, this.#scope);
    if (news !== undefined) for (const listener of this.listeners) listener.tell(news);
  }

  #add(observation: Observation): void {
    this.#audienceOf(observation).add(observation);
    const own = this.#byProcess.get(observation.process);
    if (own === undefined) this.#byProcess.set(observation.process, new Set([observation]));
    else own.add(observation);
  }

  #remove(observation: Observation): void {
    const { key, process } = observation;
    const audience = this.#audienceOf(observation);
    audience.delete(observation);
    if (key !== undefined && audience.size === 0) this.#keyed.delete(key);
    const own = this.#byProcess.get(process);
    own?.delete(observation);
    if (own?.size === 0) this.#byProcess.delete(process);
  }

  #audienceOf({ key }: Observation): Audience<Observation> {
    if (key === undefined) return this.#wide;
    let audience = this.#keyed.get(key);
    if (audience === undefined) this.#keyed.set(key, (audience = new Audience('newest-first')));
    return audience;
  }
}
