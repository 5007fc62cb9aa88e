import type { LeaseStore, LeaseStoreOptions } from '../../../names/lease-store';
import { TransportError } from '../../../term';
import { PendingRequests } from '../../pending-requests';
import { errorOf, safeCallback } from '../../safe-callback';
import type {
  Connection,
  ConnectionStatus,
  ConnectOptions,
  OnMessage,
  OnOutcome,
  PendingRequest,
  Subscription,
} from '../../transport';
import {
  contentOf,
  isStatusMessage,
  type NatsClient,
  type NatsMessage,
  reasonOf,
  saysNoResponders,
} from '../nats-client';
import { ConnectionLeases } from '../leases/connection-leases';
import { ClientSocket } from './client-socket';
import { ClientSubscriptions } from './client-subscriptions';
import { Flushes } from './flushes';
import { OutgoingBytes } from './outgoing-bytes';
import { PayloadLimit } from './payload-limit';
import { Refusals } from './refusals';
import { describeServerError, isDenial, reportOf, type ServerError, serverErrorIn } from './server-error';

/** What a connection needs to replace and to release its clients. */
export interface NatsConnectionDeps {
  /** Closes the client, or hands it back to its owner. */
  release(client: NatsClient): Promise<void>;
  /**
   * Opens the next client when one has closed. Without it the client reconnects by itself, and the connection ends with it.
   *
   * @param onFailure Hears why each attempt failed, as part of a sentence.
   */
  readonly reconnect?: ((onFailure: (description: string) => void) => Promise<NatsClient>) | undefined;
}

/** Keeps a {@link Connection} over a connected client, or over several, one after the other. It follows the client's `status()` and `closed()`. */
export class NatsConnection implements Connection {
  readonly #requests = new PendingRequests();
  readonly #refusals = new Refusals(() => this.#flushThenHear());
  readonly #subscriptions: ClientSubscriptions;
  readonly #boundSubscriptions = new Set<Subscription>();
  readonly #socket = new ClientSocket();
  readonly #payload = new PayloadLimit();
  readonly #flushes = new Flushes();
  readonly outgoing = new OutgoingBytes(() => this.flush());
  readonly #leases: ConnectionLeases;
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
  #dropped = 0;
  /** Why the connection is not back yet, as part of a sentence. */
  #whyDisconnected: string | undefined;
  /** What the server said last before the connection was lost. */
  #lastError: string | undefined;
  readonly #options: ConnectOptions;
  readonly #deps: NatsConnectionDeps;

  constructor(client: NatsClient, options: ConnectOptions, deps: NatsConnectionDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#report = safeCallback(options.onError, () => undefined);
    this.#onAnswer = this.#screened(this.#requests.answer);
    this.#client = client;
    this.#subscriptions = new ClientSubscriptions({
      client: () => this.#client,
      refusals: this.#refusals,
      report: this.#report,
      flush: () => this.#flushThenHear(),
    });
    this.#leases = new ConnectionLeases({
      replies: options.replies,
      server: () => this.#server,
      serverInfo: () => this.#client.info,
      isConnected: () => this.#connected,
      send: (...message) => this.#send(...message),
      subscribe: (subject, onMessage) => this.#subscriptions.add(subject, onMessage),
      onError: this.#report,
    });
    this.#payload.read(client);
    this.#follow(client);
    this.#subscriptions.add(options.replies, (message) => this.#onReply(message));
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
    return this.#payload.bytes;
  }

  get problem(): string | undefined {
    if (!this.#connected) return this.#whyDisconnected ?? this.#lastError;
    const { needs } = this.#options;
    if (needs !== undefined && this.maxPayload < needs.maxPayload)
      return `the NATS server takes messages of ${this.maxPayload} bytes, and the node needs ${needs.maxPayload} (max_payload)`;
    return this.#refusals.problem;
  }

  get strayAnswers(): number {
    return this.#requests.strays + this.#leases.strays;
  }

  get dropped(): number {
    return this.#dropped;
  }

  publish(subject: string, bytes: Uint8Array, reply = ''): void {
    // The client would keep it, and might lose it at the next attempt to reconnect.
    if (!this.#connected) return void (this.#dropped += 1);
    const failure = this.#send(subject, bytes, reply === '' ? undefined : { reply });
    if (failure === undefined) return this.#refusals.sent(subject);
    this.#dropped += 1;
    // It may be closed before `closed()` resolves; and an owner that drains a given connection closes it soon.
    if (this.#client.isClosed() || /draining/i.test(failure)) return;
    const what = `A message of ${bytes.length} bytes to ${subject}`;
    this.#report(new TransportError(`${what} was not sent: ${failure}.`));
  }

  /** Gives a message to the client. Returns why it did not take it, as part of a sentence, or undefined. */
  #send(
    subject: string,
    bytes: Uint8Array,
    options: { readonly reply: string; readonly headers?: object } | undefined,
  ): string | undefined {
    try {
      this.#client.publish(subject, bytes, options);
      this.#payload.sent(bytes.length);
      this.outgoing.sent(bytes.length);
      return undefined;
    } catch (thrown) {
      this.#readLimit(); // A client does not tell of each INFO.
      return this.#payload.exceededBy(bytes.length) ?? reasonOf(thrown);
    }
  }

  /** @param receive Takes what comes. Default: `onMessage`, behind the screen. */
  subscribe(subject: string, onMessage: OnMessage, receive = this.#screened(onMessage)): Subscription {
    if (this.#closed) return { unsubscribe: () => undefined };
    return this.#subscriptions.add(subject, (message) => {
      if (!isStatusMessage(message)) receive(message.subject, contentOf(message), message.reply ?? '');
    });
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
      safeCallback(onOutcome, this.#report),
    );
    this.publish(subject, bytes, options.reply);
    return pending;
  }

  flush(): Promise<void> {
    if (!this.#connected) return Promise.reject(new TransportError('Not connected to NATS.'));
    return this.#flushes.flush(this.#client);
  }

  leaseStore(options: LeaseStoreOptions): LeaseStore {
    return this.#leases.open(options);
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
    await this.#deps.release(this.#client);
  }

  #follow(client: NatsClient): void {
    this.#client = client;
    this.#statuses = client.status();
    this.#readServer();
    this.#followStatus(this.#statuses).catch(this.#reportAny);
    client
      .closed()
      .then((error) => this.#onClientClosed(error ?? undefined))
      .catch(this.#reportAny);
  }

  #screened(onMessage: OnMessage): OnMessage {
    return this.#options.screen?.(onMessage) ?? onMessage;
  }

  #onReply(message: NatsMessage): void {
    const { subject } = message;
    if (this.#leases.take(message)) return;
    if (!isStatusMessage(message)) this.#onAnswer(subject, contentOf(message), message.reply ?? '');
    else if (saysNoResponders(message) && !this.#requests.noResponders(subject))
      this.#options.onNoResponders?.(subject);
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
        return this.#socket.destroy();
      case 'update':
        return this.#readLimit();
      case 'error':
        return this.#onServerError(serverErrorIn(status, this.#client));
      default:
        return;
    }
  }

  #onServerError(error: ServerError): void {
    if (isDenial(error) && this.#worksWithout(error.subject)) return;
    this.#refusals.refused(error);
    if (error.type === 'max-payload') this.#payload.violated();
    this.#lastError = describeServerError(error);
    this.#report(new TransportError(reportOf(error)));
  }

  /** A node without cluster names is well without JetStream; what else it can do without, it says itself. */
  #worksWithout(subject: string): boolean {
    const { onRefused = () => false } = this.#options;
    return this.#leases.denied(subject) || safeCallback(onRefused, this.#report)(subject) === true;
  }

  /** Flushes, and waits until errors that the server reported before its answer have been heard. */
  async #flushThenHear(): Promise<void> {
    await this.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** The limit may have changed while the connection stayed. */
  #readLimit(): void {
    if (this.#payload.read(this.#client) && this.#connected) this.#tell({ type: 'max-payload' });
  }

  #onDisconnected(): void {
    if (!this.#connected) return;
    this.#connected = false;
    this.#flushes.fail('the connection to NATS was lost');
    this.outgoing.lost();
    this.#leases.onDisconnected();
    this.#tell({ type: 'disconnected' });
  }

  #onReconnected(): void {
    this.#readServer();
    this.#payload.reconnected(this.#client);
    this.#refusals.clear();
    this.#whyDisconnected = undefined;
    this.#lastError = undefined;
    this.#connected = true;
    this.#subscriptions.reopenRefused();
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
  async #followNext(reconnect: NonNullable<NatsConnectionDeps['reconnect']>): Promise<void> {
    let client: NatsClient;
    try {
      client = await reconnect((description) => (this.#whyDisconnected = description));
    } catch (cause) {
      return this.#onClosed(errorOf(cause));
    }
    try {
      if (this.#closed) return await client.close();
      this.#follow(client);
      this.#subscriptions.reopenAll();
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
    this.#flushes.fail('the connection to NATS was closed');
    this.#requests.close();
    this.#leases.close();
    this.#subscriptions.close();
    this.#socket.release();
    for (const subscription of this.#boundSubscriptions) subscription.unsubscribe();
  }

  #readServer(): void {
    this.#socket.follow(this.#client);
    const { info } = this.#client;
    if (info === undefined) return;
    this.#serverId = info.server_id;
    this.#server = `NATS at ${this.#client.getServer()}`;
  }

  #tell(status: ConnectionStatus): void {
    safeCallback(this.#options.onStatus, this.#report)(status);
  }
}
