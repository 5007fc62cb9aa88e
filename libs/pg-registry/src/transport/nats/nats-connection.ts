import { isError, messageOfThrown, TransportError } from '../../term';
import { PendingRequests } from '../pending-requests';
import { safeCallback } from '../safe-callback';
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

/** What a connection needs to replace and to release its clients. */
export interface NatsConnectionDeps {
  /** Closes the client, or hands it back to its owner. */
  release(client: NatsClient): Promise<void>;
  /** Opens the next client when one has closed. Without it the client reconnects by itself, and the connection ends with it. */
  readonly reconnect?: (() => Promise<NatsClient>) | undefined;
}

/** A subscription that moves from one client to the next. */
interface MovingSubscription extends Subscription {
  readonly subject: string;
  readonly callback: (error: Error | null, message: NatsMessage) => void;
  /** The subscription at the present client. */
  current?: { unsubscribe(): void };
}

/** Keeps a {@link Connection} over a connected client, or over several, one after the other. It follows the client's `status()` and `closed()`. */
export class NatsConnection implements Connection {
  readonly #requests = new PendingRequests();
  readonly #subscriptions = new Set<MovingSubscription>();
  readonly #boundSubscriptions = new Set<Subscription>();
  readonly #flushes = new Set<(error: TransportError) => void>();
  readonly #report: (error: Error) => void;
  readonly #onAnswer: OnMessage;
  /** For promises that nobody awaits: their rejections would end the Node.js process. */
  readonly #reportAny = (thrown: unknown): void => this.#report(errorOf(thrown));
  #client: NatsClient;
  #statuses: (AsyncIterable<{ readonly type: string }> & { stop?(): void }) | undefined;
  #connected = true;
  #closed = false;
  #serverId = '';
  #server = 'NATS';
  #maxPayload = Infinity;
  #dropped = 0;

  readonly #options: ConnectOptions;
  readonly #deps: NatsConnectionDeps;

  constructor(client: NatsClient, options: ConnectOptions, deps: NatsConnectionDeps) {
    this.#options = options;
    this.#deps = deps;

    this.#report = safeCallback(options.onError, () => undefined);
    this.#onAnswer = this.#screened(this.#requests.answer);
    this.#client = client;
    this.#follow(client);
    this.#subscribe(options.replies, (message) => this.#onReply(message));
  }

  get isConnected(): boolean {
    return this.#connected;
  }

  get serverId(): string {
    return this.#serverId;
  }

  get server(): string {
    return this.#server;
  }

  get maxPayload(): number {
    return this.#maxPayload;
  }

  get dropped(): number {
    return this.#dropped;
  }

  publish(subject: string, bytes: Uint8Array, reply = ''): void {
    // The client would keep it, and might lose it at the next attempt to reconnect.
    if (!this.#connected) {
      this.#dropped += 1;
      return;
    }
    try {
      this.#client.publish(subject, bytes, reply === '' ? undefined : { reply });
    } catch (cause) {
      this.#dropped += 1;
      if (this.#client.isClosed()) return; // `closed()` has not resolved yet.
      this.#report(
        new TransportError(
          `A message of ${bytes.length} bytes to ${subject} was not sent: ${reasonOf(cause)}.`,
          { cause },
        ),
      );
    }
  }

  subscribe(subject: string, onMessage: OnMessage): Subscription {
    const receive = this.#screened(onMessage);
    return this.#subscribe(subject, (message) => {
      if (!isStatusMessage(message)) receive(message.subject, message.data, message.reply ?? '');
    });
  }

  request(
    subject: string,
    bytes: Uint8Array,
    options: { readonly reply: string; readonly timeoutMs: number },
    onOutcome: (outcome: RequestOutcome) => void,
  ): PendingRequest {
    const pending = this.#requests.add(
      options.reply,
      options.timeoutMs,
      safeCallback(onOutcome, this.#report),
    );
    this.publish(subject, bytes, options.reply);
    return pending;
  }

  flush(): Promise<void> {
    if (!this.#connected) return Promise.reject(new TransportError('Not connected to NATS.'));
    // The client never settles a flush once it is closed, and settles it late while it is disconnected.
    return new Promise((resolve, reject) => {
      this.#flushes.add(reject);
      this.#client
        .flush()
        .then(resolve, (cause: unknown) =>
          reject(new TransportError(`Not flushed: ${reasonOf(cause)}.`, { cause })),
        )
        .finally(() => this.#flushes.delete(reject));
    });
  }

  /** Ends a subscription of another client together with this connection. */
  unsubscribeOnEnd(subscription: Subscription): void {
    this.#boundSubscriptions.add(subscription);
    if (this.#closed) subscription.unsubscribe();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#end();
    this.#statuses?.stop?.();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    await this.#deps.release(this.#client);
  }

  #follow(client: NatsClient): void {
    this.#client = client;
    this.#statuses = client.status();
    this.#readInfo();
    this.#followStatus(this.#statuses).catch(this.#reportAny);
    client
      .closed()
      .then((error) => this.#onClientClosed(error ?? undefined))
      .catch(this.#reportAny);
  }

  #subscribe(subject: string, onMessage: (message: NatsMessage) => void): Subscription {
    if (this.#closed) return { unsubscribe: () => undefined };
    let active = true;
    // Errors passed to the callback are refused permissions, which the client's status reports as well.
    // All of it is guarded: even reading the headers of a message throws if a peer wrote them in a wrong form.
    const callback = safeCallback((error: Error | null, message: NatsMessage): void => {
      if (active && error === null) onMessage(message);
    }, this.#report);
    const subscription: MovingSubscription = {
      subject,
      callback,
      unsubscribe: () => {
        if (!active) return;
        active = false;
        this.#subscriptions.delete(subscription);
        if (!this.#client.isClosed()) subscription.current?.unsubscribe();
      },
    };
    this.#subscriptions.add(subscription);
    this.#open(subscription);
    return subscription;
  }

  /** Subscribes at the present client. If that has closed already, the next one will subscribe. */
  #open(subscription: MovingSubscription): void {
    if (this.#client.isClosed()) return;
    try {
      subscription.current = this.#client.subscribe(subscription.subject, {
        callback: subscription.callback,
      });
    } catch (cause) {
      this.#report(
        new TransportError(`Not subscribed to ${subscription.subject}: ${reasonOf(cause)}.`, { cause }),
      );
    }
  }

  #screened(onMessage: OnMessage): OnMessage {
    return this.#options.screen?.(onMessage) ?? onMessage;
  }

  #onReply(message: NatsMessage): void {
    if (!isStatusMessage(message)) this.#onAnswer(message.subject, message.data, message.reply ?? '');
    else if (message.headers?.code === NO_RESPONDERS) this.#requests.noResponders(message.subject);
  }

  async #followStatus(statuses: AsyncIterable<{ readonly type: string }>): Promise<void> {
    for await (const status of statuses) {
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
        return destroySocket(this.#client);
      case 'error':
        return this.#report(new TransportError(`NATS refused something: ${refusalOf(status)}.`));
      default:
        return;
    }
  }

  #onDisconnected(): void {
    if (!this.#connected) return;
    this.#connected = false;
    this.#failFlushes('the connection to NATS was lost');
    this.#tell({ type: 'disconnected' });
  }

  #onReconnected(): void {
    this.#readInfo();
    this.#connected = true;
    this.#tell({ type: 'connected', serverId: this.#serverId });
  }

  #onClientClosed(error: Error | undefined): void {
    const { reconnect } = this.#deps;
    if (this.#closed) return;
    if (reconnect === undefined) return this.#onClosed(error);
    this.#onDisconnected();
    void this.#followNext(reconnect);
  }

  /** Never rejects, because nobody awaits it. */
  async #followNext(reconnect: () => Promise<NatsClient>): Promise<void> {
    let client: NatsClient;
    try {
      client = await reconnect();
    } catch (cause) {
      return this.#onClosed(errorOf(cause));
    }
    try {
      if (this.#closed) return await client.close();
      this.#follow(client);
      for (const subscription of this.#subscriptions) this.#open(subscription);
      this.#onReconnected();
    } catch (error) {
      this.#reportAny(error);
    }
  }

  #onClosed(error: Error | undefined): void {
    if (this.#closed) return;
    this.#end();
    this.#tell(error === undefined ? { type: 'closed' } : { type: 'closed', error });
  }

  #end(): void {
    this.#closed = true;
    this.#connected = false;
    this.#failFlushes('the connection to NATS was closed');
    this.#requests.close();
    for (const subscription of this.#boundSubscriptions) subscription.unsubscribe();
  }

  #failFlushes(reason: string): void {
    for (const reject of this.#flushes) reject(new TransportError(`Not flushed: ${reason}.`));
    this.#flushes.clear();
  }

  #readInfo(): void {
    const { info } = this.#client;
    if (info === undefined) return;
    this.#serverId = info.server_id;
    this.#server = `NATS at ${this.#client.getServer()}`;
    this.#maxPayload = info.max_payload;
  }

  #tell(status: ConnectionStatus): void {
    safeCallback(this.#options.onStatus, this.#report)(status);
  }
}

/** Reads what was refused: `nats` 2 puts a code into `data` and details beside it, `@nats-io/transport-node` 3 an error into `error`. */
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

function errorOf(thrown: unknown): Error {
  return isError(thrown) ? thrown : new TransportError(messageOfThrown(thrown));
}
