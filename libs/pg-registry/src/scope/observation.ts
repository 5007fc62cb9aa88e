import { config, type Subscriber } from 'rxjs';
import type { LocalProcess, Processes, ContextSnapshot } from '../lifetime';
import type { Key } from '../term';
import type { Delivery } from './delivery';

/** What a subscription shows of a scope: where it starts, and what it says to each change. */
export interface View<T> {
  /** The one key whose changes are shown; undefined for every key. */
  readonly key: Key | undefined;
  /** What is there now: the first emission. */
  snapshot(): T;
  /** What to emit after a change; undefined for nothing. */
  after(delivery: Delivery): T | undefined;
}

/**
 * One subscription: carries a view's emissions to an RxJS subscriber, as the process that subscribed.
 *
 * A throw in a function given to `subscribe` never comes back: RxJS reports it in a later turn. What does come back (a
 * finalizer, a `Subscriber` of the user's own making) is reported the same way, so that nobody ends the delivery to others.
 */
export class Observation<T = unknown> {
  readonly key: Key | undefined;
  readonly process: LocalProcess;
  readonly #subscriber: Subscriber<T>;
  /** Changes up to this number are in the snapshot. */
  readonly #since: number;
  readonly #view: View<T>;
  readonly #processes: Processes;
  readonly #context: ContextSnapshot;

  constructor(view: View<T>, subscriber: Subscriber<T>, processes: Processes, since: number) {
    this.key = view.key;
    this.process = processes.self();
    this.#subscriber = subscriber;
    this.#since = since;
    this.#view = view;
    this.#processes = processes;
    this.#context = processes.current.snapshot();
  }

  /**
   * Shows a change, unless the snapshot contained it or the subscriber has gone. Never throws.
   *
   * @param here The context in which the delivery runs: asked for once, a thousand observers take a third of the time.
   */
  next(delivery: Delivery, here: ContextSnapshot): void {
    if (this.#subscriber.closed || delivery.sequence <= this.#since) return;
    try {
      this.#processes.current.resume(this.#context, here, emit<T>, this.#subscriber, this.#view, delivery);
    } catch (error) {
      reportUnhandledError(error);
    }
  }

  /** Ends the subscription from this side. Never throws. */
  complete(): void {
    try {
      const processes = this.#processes;
      processes.current.resume(this.#context, processes.current.snapshot(), () =>
        this.#subscriber.complete(),
      );
    } catch (error) {
      reportUnhandledError(error);
    }
  }
}

function emit<T>(subscriber: Subscriber<T>, view: View<T>, delivery: Delivery): void {
  let emission: T | undefined;
  try {
    emission = view.after(delivery);
  } catch (error) {
    // A query's predicate is the subscriber's own code: its throw ends this subscription, as in an RxJS operator.
    subscriber.error(error);
    return;
  }
  if (emission !== undefined) subscriber.next(emission);
}

/** What RxJS does with an error that nobody handles; it does not export it. */
function reportUnhandledError(error: unknown): void {
  setTimeout(() => {
    if (config.onUnhandledError === null) throw error;
    config.onUnhandledError(error);
  });
}
