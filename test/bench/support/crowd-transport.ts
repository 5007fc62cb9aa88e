import type { NatsConnection } from 'nats';
import type {
  Connection,
  ConnectOptions,
  OnMessage,
  PendingRequest,
  OnOutcome,
  Subscription,
  Transport,
} from '../../../libs/pg-registry/src/transport';
import { PendingRequests } from '../../../libs/pg-registry/src/transport/pending-requests';

const NO_RESPONDERS = 503;

/**
 * One connection to the broker for the nodes of a whole crowd, each of which hears one node only, the measured one: a thousand
 * nodes that hear each other would cost a million messages where these cost a thousand, and the measured node could not tell
 * the difference.
 *
 * The wildcard for senders in what a node subscribes to becomes the name of the heard one, so the broker keeps everything else
 * back, and subscriptions that are equal by then are made once.
 */
export class CrowdTransport implements Transport {
  readonly kind = 'crowd';
  readonly #listeners = new Map<string, Set<OnMessage>>();

  readonly #client: NatsConnection;
  readonly #heard: string;

  constructor(client: NatsConnection, heard: string) {
    this.#client = client;
    this.#heard = heard;
  }

  connect({ replies }: ConnectOptions): Promise<Connection> {
    return Promise.resolve(
      new CrowdConnection(this.#client, (...wanted) => this.#subscribe(...wanted), replies),
    );
  }

  #subscribe(pattern: string, onMessage: OnMessage): Subscription {
    const subject = pattern.replace('*', this.#heard);
    let listeners = this.#listeners.get(subject);
    if (listeners === undefined) {
      const all = new Set<OnMessage>();
      listeners = all;
      this.#listeners.set(subject, all);
      this.#client.subscribe(subject, {
        // All get the same bytes; nobody writes into them.
        callback: (_, message) => {
          const reply = message.headers?.code === NO_RESPONDERS ? NOBODY : (message.reply ?? '');
          for (const listener of all) listener(message.subject, message.data, reply);
        },
      });
    }
    listeners.add(onMessage);
    return { unsubscribe: () => void listeners.delete(onMessage) };
  }
}

/** Stands in the place of the address for an answer, in a message by which the broker says that nobody is there. */
const NOBODY = '\0';

class CrowdConnection implements Connection {
  readonly isConnected = true;
  readonly dropped = 0;
  readonly strayAnswers = 0;
  readonly #requests = new PendingRequests();
  readonly #replies: Subscription;

  readonly #client: NatsConnection;

  constructor(
    client: NatsConnection,
    readonly subscribe: (subject: string, onMessage: OnMessage) => Subscription,
    replies: string,
  ) {
    this.#client = client;

    this.#replies = subscribe(replies, (subject, bytes, reply) => {
      if (reply === NOBODY) this.#requests.noResponders(subject);
      else this.#requests.answer(subject, bytes);
    });
  }

  readonly server = 'the server of the crowd';

  get serverId(): string {
    return this.#client.info!.server_id;
  }

  get maxPayload(): number {
    return this.#client.info!.max_payload;
  }

  publish(subject: string, bytes: Uint8Array, reply = ''): void {
    this.#client.publish(subject, bytes, reply === '' ? {} : { reply });
  }

  request(
    subject: string,
    bytes: Uint8Array,
    options: { readonly reply: string; readonly timeoutMs: number },
    onOutcome: OnOutcome,
  ): PendingRequest {
    const pending = this.#requests.add(options.reply, options.timeoutMs, onOutcome);
    this.publish(subject, bytes, options.reply);
    return pending;
  }

  flush(): Promise<void> {
    return this.#client.flush();
  }

  close(): Promise<void> {
    this.#requests.close();
    this.#replies.unsubscribe();
    return Promise.resolve();
  }
}
