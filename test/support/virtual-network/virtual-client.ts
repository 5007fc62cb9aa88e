import type {
  Connection,
  OnMessage,
  OnOutcome,
  PendingRequest,
  RequestOutcome,
  Subscription,
} from '../../../libs/pg-registry/src/transport';
import type { EventLoop } from './event-loop';
import { Link } from './link';
import type { Server } from './link';
import { SubjectPattern } from './subject-pattern';
import type { VirtualBroker } from './virtual-broker';

interface OpenRequest {
  readonly onOutcome: OnOutcome;
  readonly cancelTimer: () => void;
}

/** What a {@link VirtualClient} needs. */
export interface ClientDeps {
  readonly broker: VirtualBroker;
  readonly loop: EventLoop;
  /** The wildcard below which the answers to its requests lie. */
  readonly replies: string;
  readonly maxPayload: number;
  /** Called with every message that arrives; `receive` hands it to the subscribers. */
  readonly onMessage: (subject: string, bytes: Uint8Array, receive: () => void) => void;
}

/**
 * The client of one virtual process: the `Connection` that its driver uses, over one {@link Link} at a time. It renews its
 * subscriptions after a reconnect, drops what is published in between, and keeps the promises of the transport port.
 */
export class VirtualClient implements Connection {
  link: Link | undefined;
  readonly server = 'a virtual server';
  /** Larger messages are dropped. */
  maxPayload: number;
  dropped = 0;
  strayAnswers = 0;
  /** Called with every message that is published. */
  onPublish: (subject: string, bytes: Uint8Array) => void = () => undefined;
  readonly #subscriptions = new Map<
    string,
    { readonly pattern: SubjectPattern; readonly onMessage: OnMessage }
  >();
  readonly #requests = new Map<string, OpenRequest>();

  readonly #deps: ClientDeps;

  constructor(deps: ClientDeps) {
    this.#deps = deps;
    this.maxPayload = deps.maxPayload;
  }

  get isConnected(): boolean {
    return this.link !== undefined;
  }

  get serverId(): string {
    return this.link?.server.id ?? '';
  }

  get subscriptions(): readonly string[] {
    return [...this.#subscriptions.keys()];
  }

  /** Connects to a server, for the first time or again. */
  attach(server: Server, lag: number): void {
    const { broker, loop, onMessage, replies } = this.#deps;
    const link = new Link(server, lag, (subject, bytes, reply) =>
      loop.message(() => onMessage(subject, bytes, () => this.#receive(subject, bytes, reply))),
    );
    this.link = link;
    broker.open(link);
    for (const pattern of [replies, ...this.#subscriptions.keys()]) broker.subscribe(link, pattern);
  }

  /** Notices that the connection is gone. */
  detach(): void {
    if (this.link !== undefined) this.link.isOpenAtClient = false;
    this.link = undefined;
  }

  publish(subject: string, bytes: Uint8Array, reply = ''): void {
    this.onPublish(subject, bytes);
    if (this.link === undefined || bytes.length > this.maxPayload) this.dropped += 1;
    else this.#deps.broker.publish({ from: this.link, subject, bytes, reply, onNoResponders: undefined });
  }

  subscribe(pattern: string, onMessage: OnMessage): Subscription {
    this.#subscriptions.set(pattern, { pattern: new SubjectPattern(pattern), onMessage });
    if (this.link !== undefined) this.#deps.broker.subscribe(this.link, pattern);
    return {
      unsubscribe: () => {
        this.#subscriptions.delete(pattern);
        this.link?.unsubscribe(pattern);
      },
    };
  }

  request(
    subject: string,
    bytes: Uint8Array,
    { reply, timeoutMs }: { readonly reply: string; readonly timeoutMs: number },
    onOutcome: OnOutcome,
  ): PendingRequest {
    const { broker, loop } = this.#deps;
    const cancelTimer = loop.setTimer(timeoutMs, () => this.#settle(reply, { type: 'timeout' }));
    this.#requests.set(reply, { onOutcome, cancelTimer });
    const onNoResponders = (): void => loop.message(() => this.#settle(reply, { type: 'no-responders' }));
    if (this.link !== undefined) broker.publish({ from: this.link, subject, bytes, reply, onNoResponders });
    return { cancel: () => void this.#requests.delete(reply) };
  }

  /** Returns a thenable that calls back at its virtual moment, not in a microtask of the real one: virtual time is synchronous. */
  flush(): Promise<void> {
    const { link } = this;
    const { broker, loop } = this.#deps;
    const then = (done: () => void): void => {
      if (link === undefined) return;
      broker.ping(link, () => {
        if (this.link === link) loop.message(done);
      });
    };
    // oxlint-disable-next-line unicorn/no-thenable -- a real promise would call back in a microtask of the real time
    return { then } as unknown as Promise<void>;
  }

  close(): Promise<void> {
    this.detach();
    return Promise.resolve();
  }

  #receive(subject: string, bytes: Uint8Array, reply: string): void {
    if (this.#requests.has(subject)) return this.#answer(subject, bytes);
    for (const { pattern, onMessage } of this.#subscriptions.values()) {
      if (pattern.matches(subject)) onMessage(subject, bytes.slice(), reply);
    }
  }

  #answer(subject: string, bytes: Uint8Array): void {
    const request = this.#requests.get(subject);
    if (request?.onOutcome({ type: 'answer', subject, bytes }) === true) {
      this.#requests.delete(subject);
      request.cancelTimer();
    } else this.strayAnswers += 1;
  }

  #settle(reply: string, outcome: RequestOutcome): void {
    const request = this.#requests.get(reply);
    if (request === undefined) return;
    this.#requests.delete(reply);
    request.cancelTimer();
    request.onOutcome(outcome);
  }
}
