import type { LeaseStore, LeaseStoreOptions } from '../../names/lease-store';
import { TransportError } from '../../term';
import { PendingRequests } from '../pending-requests';
import { safeCallback } from '../safe-callback';
import type {
  Connection,
  ConnectOptions,
  OnMessage,
  OnOutcome,
  PendingRequest,
  Subscription,
} from '../transport';
import { LocalLeaseStore } from './local-lease-store';
import type { LocalLeases } from './local-leases';

/** What works here has to work over NATS with its default, too. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;

/** A crashed connection is told nothing any more, not even that it is closed. */
type State = 'connected' | 'disconnected' | 'closed' | 'crashed';

/** One message on its way over the bus. `reply` is `''` if no answer is expected. */
export interface LocalMessage {
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly reply: string;
}

/** One subscription of a connection. A message that arrives while it is not `active` is dropped. */
export interface LocalSubscriber {
  readonly connection: LocalConnection;
  active: boolean;
  deliver(subject: string, bytes: Uint8Array, reply: string): void;
}

/** What a connection needs of its bus. */
export interface LocalConnectionDeps {
  readonly serverId: string;
  /** @returns What ends the subscription; idempotent. */
  readonly subscribe: (subject: string, subscriber: LocalSubscriber) => () => void;
  readonly publish: (from: LocalConnection, message: LocalMessage) => void;
  /** Calls back when everything published before was delivered. */
  readonly flush: (done: () => void) => void;
  /** The records of a namespace on the bus. */
  readonly leases: (namespace: string) => LocalLeases;
  /** Runs a step at the records, and brings its result back; each in a later turn, or never if this connection is lost. */
  readonly roundTrip: <T>(step: () => T, onResult: (result: T) => void) => void;
  /** Runs a step in a later turn, or after the end of a pause. */
  readonly deliver: (step: () => void) => void;
  readonly leave: () => void;
}

/** One node's connection to a `LocalBus`. */
export class LocalConnection implements Connection {
  readonly node: string;
  readonly server = 'the local bus of this process';
  readonly maxPayload = MAX_PAYLOAD_BYTES;
  readonly #requests = new PendingRequests();
  readonly #subscriptions = new Set<Subscription>();
  readonly #leaseStores = new Set<LeaseStore>();
  isConnected = true;
  #state: State = 'connected';
  #dropped = 0;

  readonly #options: ConnectOptions;
  readonly #onNoResponders: (reply: string) => void;
  readonly #deps: LocalConnectionDeps;

  constructor(options: ConnectOptions, deps: LocalConnectionDeps) {
    this.#options = options;
    this.#deps = deps;

    this.node = options.node;
    this.#onNoResponders = safeCallback(options.onNoResponders ?? (() => undefined), options.onError);
    this.subscribe(options.replies, this.#requests.answer);
  }

  get serverId(): string {
    return this.#deps.serverId;
  }

  get strayAnswers(): number {
    return this.#requests.strays;
  }

  get dropped(): number {
    return this.#dropped;
  }

  publish(subject: string, bytes: Uint8Array, reply = ''): void {
    if (!this.isConnected) {
      this.#dropped += 1;
    } else if (bytes.length > MAX_PAYLOAD_BYTES) {
      this.#dropped += 1;
      this.#report(
        new TransportError(
          `A message to ${subject} must have at most ${MAX_PAYLOAD_BYTES} bytes (got ${bytes.length}). It was not sent.`,
        ),
      );
    } else {
      this.#deps.publish(this, { subject, bytes, reply });
    }
  }

  subscribe(subject: string, onMessage: OnMessage): Subscription {
    const { screen = handOn, onError } = this.#options;
    const deliver = safeCallback(screen(onMessage), onError);
    const subscriber = { connection: this, active: true, deliver };
    const remove = this.#deps.subscribe(subject, subscriber);
    const subscription: Subscription = {
      unsubscribe: () => {
        subscriber.active = false;
        remove();
        this.#subscriptions.delete(subscription);
      },
    };
    this.#subscriptions.add(subscription);
    return subscription;
  }

  request(
    subject: string,
    bytes: Uint8Array,
    options: { readonly reply: string; readonly timeoutMs: number },
    onOutcome: OnOutcome,
  ): PendingRequest {
    const pending = this.#requests.add(
      options.reply,
      options.timeoutMs,
      safeCallback(onOutcome, this.#options.onError),
    );
    this.publish(subject, bytes, options.reply);
    return pending;
  }

  async flush(): Promise<void> {
    if (!this.isConnected) throw new TransportError('Not connected to the local bus.');
    await new Promise<void>((resolve) => this.#deps.flush(resolve));
    if (!this.isConnected) throw new TransportError('The connection to the local bus was lost.');
  }

  leaseStore({ namespace }: LeaseStoreOptions): LeaseStore {
    const { roundTrip, deliver, leases } = this.#deps;
    const store = new LocalLeaseStore({
      leases: leases(namespace),
      isConnected: () => this.isConnected,
      roundTrip,
      deliver,
    });
    this.#leaseStores.add(store);
    return store;
  }

  close(): Promise<void> {
    this.#leave('closed');
    this.#requests.close();
    for (const store of this.#leaseStores) store.close();
    return Promise.resolve();
  }

  /** Ends a request of this connection to whose subject nobody is subscribed. Called by the bus. */
  noResponders(reply: string): void {
    if (this.isConnected && !this.#requests.noResponders(reply)) this.#onNoResponders(reply);
  }

  /** Fault: ends the connection without telling its node. */
  crash(): void {
    this.#leave('crashed');
  }

  /** Fault: takes the connection to the bus, or brings it back. */
  setConnected(connected: boolean): void {
    if (connected ? this.#state !== 'disconnected' : this.#state !== 'connected') return;
    this.#state = connected ? 'connected' : 'disconnected';
    this.isConnected = connected;
    safeCallback(
      this.#options.onStatus,
      this.#options.onError,
    )(connected ? { type: 'connected', serverId: this.serverId } : { type: 'disconnected' });
  }

  #leave(state: 'closed' | 'crashed'): void {
    if (this.#state === 'closed' || this.#state === 'crashed') return;
    this.#state = state;
    this.isConnected = false;
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#deps.leave();
  }

  #report(error: Error): void {
    safeCallback(this.#options.onError, () => undefined)(error);
  }
}

function handOn(onMessage: OnMessage): OnMessage {
  return onMessage;
}
