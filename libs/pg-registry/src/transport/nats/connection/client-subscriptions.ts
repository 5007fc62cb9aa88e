import { TransportError } from '../../../term';
import { safeCallback } from '../../safe-callback';
import type { Subscription } from '../../transport';
import { type NatsClient, type NatsMessage, reasonOf } from '../nats-client';
import type { Refusals } from './refusals';

/** How long to wait before a refused subscription is tried again. */
const RETRY_MS = 5000;

/** A subscription that moves from one client to the next. */
interface MovingSubscription extends Subscription {
  readonly subject: string;
  readonly callback: (error: Error | null, message: NatsMessage) => void;
  /** The subscription at the present client; undefined if that refused it. */
  current?: { unsubscribe(): void } | undefined;
}

/** What {@link ClientSubscriptions} are given. */
export interface ClientSubscriptionsDeps {
  /** The present client. */
  readonly client: () => NatsClient;
  readonly refusals: Refusals;
  readonly report: (error: Error) => void;
  /** Resolves when the server has taken everything from before; rejects if the connection is lost. */
  readonly flush: () => Promise<void>;
}

/**
 * The subscriptions of one connection. They survive a change of clients. One that the server refuses is tried again every five seconds,
 * because both clients give it up, and permissions may come back while the connection stays.
 */
export class ClientSubscriptions {
  readonly #all = new Set<MovingSubscription>();
  readonly #refused = new Set<MovingSubscription>();
  #retryTimer: NodeJS.Timeout | undefined;

  readonly #deps: ClientSubscriptionsDeps;

  constructor(deps: ClientSubscriptionsDeps) {
    this.#deps = deps;
  }

  /** Subscribes. The callback may throw. */
  add(subject: string, onMessage: (message: NatsMessage) => void): Subscription {
    const { report } = this.#deps;
    let active = true;
    // All of it is guarded: what reads malformed headers throws, where the inside of a client leaves no other way.
    const callback = safeCallback((error: Error | null, message: NatsMessage): void => {
      if (!active) return;
      if (error === null) onMessage(message);
      else this.#onRefused(subscription);
    }, report);
    const subscription: MovingSubscription = {
      subject,
      callback,
      unsubscribe: () => {
        if (!active) return;
        active = false;
        this.#all.delete(subscription);
        if (this.#refused.delete(subscription)) this.#deps.refusals.maySubscribe(subject);
        if (!this.#deps.client().isClosed()) subscription.current?.unsubscribe();
      },
    };
    this.#all.add(subscription);
    this.#open(subscription);
    return subscription;
  }

  /** Subscribes everything at a client that is new. */
  reopenAll(): void {
    this.#refused.clear();
    for (const subscription of this.#all) this.#open(subscription);
  }

  /** Subscribes what the same client was refused before it reconnected. */
  reopenRefused(): void {
    const refused = [...this.#refused];
    this.#refused.clear();
    for (const subscription of refused) this.#open(subscription);
  }

  /** Ends everything. */
  close(): void {
    clearTimeout(this.#retryTimer);
    for (const subscription of this.#all) subscription.unsubscribe();
  }

  /** Subscribes at the present client. If that has closed already, the next one will subscribe. */
  #open(subscription: MovingSubscription): void {
    const { client, report } = this.#deps;
    subscription.current = undefined;
    if (client().isClosed()) return;
    try {
      subscription.current = client().subscribe(subscription.subject, { callback: subscription.callback });
    } catch (cause) {
      report(new TransportError(`Not subscribed to ${subscription.subject}: ${reasonOf(cause)}.`, { cause }));
    }
  }

  /** The client has dropped the subscription. Its status reports the error as well. */
  #onRefused(subscription: MovingSubscription): void {
    subscription.current = undefined;
    this.#refused.add(subscription);
    const { subject } = subscription;
    this.#deps.refusals.refused({ type: 'permission', operation: 'subscribe', subject });
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined;
      this.#retry().catch(() => undefined);
    }, RETRY_MS).unref();
  }

  /** Rejects if the connection is lost meanwhile: then the reconnect subscribes. */
  async #retry(): Promise<void> {
    const tried = [...this.#refused];
    this.reopenRefused();
    await this.#deps.flush();
    for (const subscription of tried)
      if (!this.#refused.has(subscription)) this.#deps.refusals.maySubscribe(subscription.subject);
  }
}
