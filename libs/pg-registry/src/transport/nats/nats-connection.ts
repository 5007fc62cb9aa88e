import { TransportError } from '../../term';
import { guarded } from '../guard';
import { PendingRequests } from '../pending-requests';
import type {
  Connection,
  ConnectionStatus,
  ConnectOptions,
  OnMessage,
  PendingRequest,
  RequestOutcome,
  Subscription,
} from '../transport';
import {
  destroySocket,
  isStatusMessage,
  NO_RESPONDERS,
  type NatsClient,
  type NatsMessage,
  peek,
  reasonOf,
} from './nats-client';

/** After the client has called its connection stale, it may take this long to close it by itself. */
const STALE_GRACE_MS = 250;

/** A {@link Connection} over a connected client. It hears of everything by the client's status and closed(). */
export class NatsConnection implements Connection {
  readonly #requests = new PendingRequests();
  readonly #subscriptions = new Set<Subscription>();
  readonly #flushes = new Set<(error: TransportError) => void>();
  readonly #statuses: AsyncIterable<{ readonly type: string }> & { stop?(): void };
  readonly #report: (error: Error) => void;
  #connected = true;
  #closed = false;
  #serverId = '';
  #maxPayload = Infinity;
  #dropped = 0;
  #stale: NodeJS.Timeout | undefined;

  /**
   * @param release Gives the client back, or closes it.
   */
  constructor(
    private readonly client: NatsClient,
    private readonly options: ConnectOptions,
    private readonly release: () => Promise<void>,
  ) {
    this.#report = guarded(options.onError, () => undefined);
    this.#statuses = client.status();
    this.#readInfo();
    this.#subscribe(options.replies, (message) => this.#onReply(message));
    void this.#followStatus();
    void client.closed().then((error) => this.#onClosed(error ?? undefined));
  }

  get isConnected(): boolean {
    return this.#connected;
  }

  get serverId(): string {
    return this.#serverId;
  }

  get maxPayload(): number {
    return this.#maxPayload;
  }

  get dropped(): number {
    return this.#dropped;
  }

  publish(subject: string, bytes: Uint8Array, reply = ''): void {
    // The client would take it, and forget it at the next attempt to reconnect, or not.
    if (!this.#connected) {
      this.#dropped++;
      return;
    }
    try {
      this.client.publish(subject, bytes, reply === '' ? undefined : { reply });
    } catch (cause) {
      this.#dropped++;
      this.#report(
        new TransportError(
          `A message of ${bytes.length} bytes to ${subject} was not sent: ${reasonOf(cause)}.`,
          { cause },
        ),
      );
    }
  }

  subscribe(subject: string, onMessage: OnMessage): Subscription {
    const deliver = guarded(onMessage, this.#report);
    return this.#subscribe(subject, (message) => {
      if (!isStatusMessage(message)) deliver(message.subject, message.data, message.reply ?? '');
    });
  }

  request(
    subject: string,
    bytes: Uint8Array,
    options: { readonly reply: string; readonly timeoutMs: number; readonly keepAlive?: boolean },
    onOutcome: (outcome: RequestOutcome) => void,
  ): PendingRequest {
    const pending = this.#requests.add(options.reply, options, guarded(onOutcome, this.#report));
    this.publish(subject, bytes, options.reply);
    return pending;
  }

  flush(): Promise<void> {
    if (!this.#connected) return Promise.reject(new TransportError('Not connected to NATS.'));
    // The client leaves a flush open for ever when it is closed, and until the next dial when it is disconnected.
    return new Promise((resolve, reject) => {
      this.#flushes.add(reject);
      this.client
        .flush()
        .then(resolve, (cause: unknown) =>
          reject(new TransportError(`Not flushed: ${reasonOf(cause)}.`, { cause })),
        )
        .finally(() => this.#flushes.delete(reject));
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#end();
    this.#statuses.stop?.();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    await this.release();
  }

  #subscribe(subject: string, onMessage: (message: NatsMessage) => void): Subscription {
    if (this.#closed) return { unsubscribe: () => undefined };
    let active = true;
    // Errors handed to the callback are refused permissions; the client's status reports them as well.
    const callback = (error: Error | null, message: NatsMessage): void => {
      if (active && error === null) onMessage(message);
    };
    let handle: { unsubscribe(): void } | undefined;
    try {
      handle = this.client.subscribe(subject, { callback });
    } catch (cause) {
      this.#report(new TransportError(`Not subscribed to ${subject}: ${reasonOf(cause)}.`, { cause }));
    }
    const subscription: Subscription = {
      unsubscribe: () => {
        if (!active) return;
        active = false;
        this.#subscriptions.delete(subscription);
        if (!this.client.isClosed()) handle?.unsubscribe();
      },
    };
    this.#subscriptions.add(subscription);
    return subscription;
  }

  #onReply(message: NatsMessage): void {
    if (!isStatusMessage(message)) this.#requests.answer(message.subject, message.data);
    else if (message.headers?.code === NO_RESPONDERS) this.#requests.noResponders(message.subject);
  }

  async #followStatus(): Promise<void> {
    for await (const status of this.#statuses) {
      if (this.#closed) return;
      this.#onClientStatus(status);
    }
  }

  #onClientStatus(status: { readonly type: string }): void {
    switch (status.type) {
      case 'disconnect':
        return this.#onDisconnected();
      case 'reconnect':
        return this.#onReconnected();
      case 'staleConnection':
        this.#stale ??= setTimeout(() => destroySocket(this.client), STALE_GRACE_MS).unref();
        return;
      case 'error':
        return this.#report(new TransportError(`NATS refused something: ${refusalOf(status)}.`));
      default:
        return;
    }
  }

  #onDisconnected(): void {
    this.#settleStale();
    if (!this.#connected) return;
    this.#connected = false;
    this.#failFlushes('the connection to NATS was lost');
    this.#tell({ type: 'disconnected' });
  }

  #onReconnected(): void {
    this.#settleStale();
    this.#readInfo();
    this.#connected = true;
    this.#tell({ type: 'connected', serverId: this.#serverId });
  }

  #onClosed(error: Error | undefined): void {
    if (this.#closed) return;
    this.#end();
    this.#tell(error === undefined ? { type: 'closed' } : { type: 'closed', error });
  }

  #end(): void {
    this.#closed = true;
    this.#connected = false;
    this.#settleStale();
    this.#failFlushes('the connection to NATS was closed');
    this.#requests.close();
  }

  #failFlushes(reason: string): void {
    for (const reject of this.#flushes) reject(new TransportError(`Not flushed: ${reason}.`));
    this.#flushes.clear();
  }

  #settleStale(): void {
    clearTimeout(this.#stale);
    this.#stale = undefined;
  }

  #readInfo(): void {
    const { info } = this.client;
    if (info === undefined) return;
    this.#serverId = info.server_id;
    this.#maxPayload = info.max_payload;
  }

  #tell(status: ConnectionStatus): void {
    guarded(this.options.onStatus, this.#report)(status);
  }
}

/** `nats` 2 puts a code into `data` and details beside it, `@nats-io/transport-node` 3 an error into `error`. */
function refusalOf(status: object): string {
  const error = peek(status, 'error');
  if (error !== undefined) return reasonOf(error);
  const subject = peek(status, 'permissionContext', 'subject');
  const operation = peek(status, 'permissionContext', 'operation');
  return (
    String(peek(status, 'data')) +
    (typeof subject === 'string' ? ` for ${String(operation)} to ${subject}` : '')
  );
}
