import { TransportError } from '../../term';
import { guarded } from '../guard';
import { PendingRequests } from '../pending-requests';
import type {
  Connection,
  ConnectOptions,
  OnMessage,
  PendingRequest,
  RequestOutcome,
  Subscription,
} from '../transport';
import type { LocalBus } from './local-bus';

/** Generous, as nothing is copied into a socket; finite, so that what works here works over NATS with its default. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;

/** How a connection stands: `dead` is a crashed one, which is told nothing any more. */
type State = 'connected' | 'disconnected' | 'closed' | 'dead';

/** One node's connection to a {@link LocalBus}. */
export class LocalConnection implements Connection {
  readonly node: string;
  readonly maxPayload = MAX_PAYLOAD_BYTES;
  readonly #requests = new PendingRequests();
  readonly #subscriptions = new Set<Subscription>();
  #state: State = 'connected';
  #dropped = 0;

  readonly #bus: LocalBus;
  readonly #options: ConnectOptions;

  constructor(bus: LocalBus, options: ConnectOptions) {
    this.#bus = bus;
    this.#options = options;

    this.node = options.node;
    this.subscribe(options.replies, (subject, bytes) => this.#requests.answer(subject, bytes));
  }

  get isConnected(): boolean {
    return this.#state === 'connected';
  }

  get serverId(): string {
    return this.#bus.id;
  }

  get dropped(): number {
    return this.#dropped;
  }

  publish(subject: string, bytes: Uint8Array, reply = ''): void {
    if (!this.isConnected) {
      this.#dropped += 1;
    } else if (bytes.length > MAX_PAYLOAD_BYTES) {
      this.#dropped += 1;
      this.#report(new TransportError(`A message of ${bytes.length} bytes to ${subject} is too large.`));
    } else {
      this.#bus.publish(this, { subject, bytes, reply });
    }
  }

  subscribe(subject: string, onMessage: OnMessage): Subscription {
    const deliver = guarded(onMessage, this.#options.onError);
    const receiver = { connection: this, active: true, deliver };
    const remove = this.#bus.subscribe(subject, receiver);
    const subscription: Subscription = {
      unsubscribe: () => {
        receiver.active = false;
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
    onOutcome: (outcome: RequestOutcome) => void,
  ): PendingRequest {
    const pending = this.#requests.add(options.reply, options, guarded(onOutcome, this.#options.onError));
    this.publish(subject, bytes, options.reply);
    return pending;
  }

  async flush(): Promise<void> {
    if (!this.isConnected) throw new TransportError('Not connected to the local bus.');
    await new Promise<void>((resolve) => this.#bus.flush(this, resolve));
    if (!this.isConnected) throw new TransportError('The connection to the local bus was lost.');
  }

  close(): Promise<void> {
    this.#leave('closed');
    this.#requests.close();
    return Promise.resolve();
  }

  /** The bus says: a request of this connection has found nobody. */
  noResponders(reply: string): void {
    if (this.isConnected) this.#requests.noResponders(reply);
  }

  /** A fault: gone without a word, to itself as well. */
  crash(): void {
    this.#leave('dead');
  }

  /** A fault: the way to the bus is lost; `true` brings it back. */
  setConnected(connected: boolean): void {
    if (connected ? this.#state !== 'disconnected' : this.#state !== 'connected') return;
    this.#state = connected ? 'connected' : 'disconnected';
    guarded(
      this.#options.onStatus,
      this.#options.onError,
    )(connected ? { type: 'connected', serverId: this.serverId } : { type: 'disconnected' });
  }

  #leave(state: 'closed' | 'dead'): void {
    if (this.#state === 'closed' || this.#state === 'dead') return;
    this.#state = state;
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#bus.leave(this);
  }

  #report(error: Error): void {
    guarded(this.#options.onError, () => undefined)(error);
  }
}
