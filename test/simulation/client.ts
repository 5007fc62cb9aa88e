import type {
  Connection,
  OnMessage,
  PendingRequest,
  RequestOutcome,
  Subscription,
} from '../../libs/pg-registry/src/transport';
import type { Broker, Server } from './broker';
import { Line, matches } from './line';
import type { Turn } from './turn';

/** Who asked what, until it is answered. */
interface Question {
  readonly settle: (outcome: RequestOutcome) => void;
  readonly cancelTimer: () => void;
}

/**
 * The client of one node: the Connection that its driver works with, over one line at a time. It subscribes again by itself
 * after a reconnect, drops what is published in between, and keeps to what the transport port promises.
 */
export class Client implements Connection {
  line: Line | undefined;
  readonly maxPayload: number;
  dropped = 0;
  readonly #subscriptions = new Map<
    string,
    { readonly tokens: readonly string[]; readonly onMessage: OnMessage }
  >();
  readonly #questions = new Map<string, Question>();

  readonly #broker: Broker;
  readonly #turn: Turn;
  readonly #replies: string;
  readonly #hearing: (subject: string, bytes: Uint8Array, take: () => void) => void;

  /**
   * @param replies The wildcard below which the answers to its requests lie
   * @param hearing Told of every message that is taken in, and takes it in by calling back
   */
  constructor(
    broker: Broker,
    turn: Turn,
    replies: string,
    maxPayload: number,
    hearing: (subject: string, bytes: Uint8Array, take: () => void) => void,
  ) {
    this.#broker = broker;
    this.#turn = turn;
    this.#replies = replies;
    this.#hearing = hearing;

    this.maxPayload = maxPayload;
  }

  get isConnected(): boolean {
    return this.line !== undefined;
  }

  get serverId(): string {
    return this.line?.server.id ?? '';
  }

  /** Connects to a server, for the first time or again. */
  attach(server: Server, lag: number): void {
    const line = new Line(server, lag, (subject, bytes, reply) =>
      this.#turn.message(() => this.#hearing(subject, bytes, () => this.#take(subject, bytes, reply))),
    );
    this.line = line;
    this.#broker.open(line);
    for (const pattern of [this.#replies, ...this.#subscriptions.keys()])
      this.#broker.subscribe(line, pattern);
  }

  /** Notices that the connection is gone. */
  detach(): void {
    if (this.line !== undefined) this.line.isOpenAtClient = false;
    this.line = undefined;
  }

  publish(subject: string, bytes: Uint8Array, reply = ''): void {
    if (this.line === undefined) this.dropped += 1;
    else this.#broker.publish({ from: this.line, subject, bytes, reply, refused: undefined });
  }

  subscribe(pattern: string, onMessage: OnMessage): Subscription {
    this.#subscriptions.set(pattern, { tokens: pattern.split('.'), onMessage });
    if (this.line !== undefined) this.#broker.subscribe(this.line, pattern);
    return {
      unsubscribe: () => {
        this.#subscriptions.delete(pattern);
        this.line?.unsubscribe(pattern);
      },
    };
  }

  request(
    subject: string,
    bytes: Uint8Array,
    { reply, timeoutMs }: { readonly reply: string; readonly timeoutMs: number },
    onOutcome: (outcome: RequestOutcome) => void,
  ): PendingRequest {
    const cancelTimer = this.#turn.timer(timeoutMs, () => this.#settle(reply, { type: 'timeout' }));
    this.#questions.set(reply, { settle: onOutcome, cancelTimer });
    const refused = (): void => this.#turn.message(() => this.#settle(reply, { type: 'no-responders' }));
    if (this.line !== undefined) this.#broker.publish({ from: this.line, subject, bytes, reply, refused });
    return { cancel: () => void this.#questions.delete(reply) };
  }

  /** Calls back in this very virtual moment, not in a microtask of the real one: the simulation is synchronous. */
  flush(): Promise<void> {
    const { line } = this;
    const then = (done: () => void): void => {
      if (line === undefined) return;
      this.#broker.pong(line, () => {
        if (this.line === line) this.#turn.message(done);
      });
    };
    // oxlint-disable-next-line unicorn/no-thenable -- a real promise would call back in a microtask of the real time
    return { then } as unknown as Promise<void>;
  }

  close(): Promise<void> {
    this.detach();
    return Promise.resolve();
  }

  #take(subject: string, bytes: Uint8Array, reply: string): void {
    if (this.#settle(subject, { type: 'answer', subject, bytes })) return;
    const tokens = subject.split('.');
    for (const subscription of this.#subscriptions.values()) {
      if (matches(subscription.tokens, tokens)) subscription.onMessage(subject, bytes.slice(), reply);
    }
  }

  #settle(reply: string, outcome: RequestOutcome): boolean {
    const question = this.#questions.get(reply);
    if (question === undefined) return false;
    this.#questions.delete(reply);
    question.cancelTimer();
    question.settle(outcome);
    return true;
  }
}
