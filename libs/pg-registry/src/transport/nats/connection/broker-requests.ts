import { randomBytes } from 'node:crypto';
import { PendingRequests } from '../../pending-requests';
import { isStatusMessage, type NatsMessage, saysNoResponders } from '../nats-client';

const DECODER = new TextDecoder();
/** No answer to a request of a node is longer: a record of 512 KB in base64 with its headers. Others may write what takes longer to read. */
const LONGEST_ANSWER_BYTES = 1024 * 1024;

/** How a request to the broker ended. */
export type BrokerOutcome =
  | { readonly type: 'answer'; readonly body: unknown }
  /** Nobody is subscribed to the subject: no part of the broker has it. */
  | { readonly type: 'no-responders' }
  /** The broker does not permit the node's user to publish to the subject. It has dropped the request. */
  | { readonly type: 'denied' }
  | { readonly type: 'timeout' }
  /** The connection was lost, or closed, before there was an answer. */
  | { readonly type: 'lost' }
  /** The client did not take the request. */
  | { readonly type: 'unsent'; readonly reason: string };

/** A request to the broker itself. */
export interface BrokerRequest {
  readonly subject: string;
  readonly bytes: Uint8Array;
  /** Names and values of printable ASCII. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Whether a message on the subject of the answer is the answer. Others are counted as strays. */
  readonly accept: (body: unknown) => boolean;
}

interface OpenRequest {
  readonly subject: string;
  readonly end: (outcome: BrokerOutcome) => void;
}

/** What {@link BrokerRequests} are given. */
export interface BrokerRequestsDeps {
  /** The wildcard subject of the node's answers: `pgr.<ns>.reply.<node>.>`. */
  readonly replies: string;
  /** Sends a message. Returns why the client did not take it, or undefined. */
  readonly send: (
    subject: string,
    bytes: Uint8Array,
    options: { readonly reply: string; readonly headers?: object },
  ) => string | undefined;
}

/**
 * The requests of one connection to the broker itself, JetStream for example. Their answers come to `pgr.<ns>.reply.<node>.$JS.<token>`, in JSON.
 * They come from the broker and not from a node, so the screen of the connection does not see them. With permissions no node can publish
 * there, because none has the token `$JS`. But any may have the broker answer there, and sees the address of each record that is written. So
 * every request has an address of its own, which those before it do not tell.
 */
export class BrokerRequests {
  readonly #pending = new PendingRequests();
  /** By the subject of the answer, what ends each request early. */
  readonly #open = new Map<string, OpenRequest>();
  readonly #prefix: string;

  readonly #deps: BrokerRequestsDeps;

  constructor(deps: BrokerRequestsDeps) {
    this.#deps = deps;
    this.#prefix = `${deps.replies.slice(0, -1)}$JS.${randomBytes(6).toString('base64url')}-`;
  }

  /** The number of messages that came to the subjects of answers and ended no request. */
  get strays(): number {
    return this.#pending.strays;
  }

  /** Sends a request before it returns. */
  request({ subject, bytes, headers, timeoutMs, accept }: BrokerRequest): Promise<BrokerOutcome> {
    const reply = this.#prefix + randomBytes(12).toString('base64url');
    return new Promise((resolve) => {
      const end = (outcome: BrokerOutcome): void => {
        pending.cancel();
        this.#open.delete(reply);
        resolve(outcome);
      };
      const pending = this.#pending.add(reply, timeoutMs, (outcome) => {
        if (outcome.type !== 'answer') return end(outcome);
        const body = parsed(outcome.bytes);
        if (body === undefined || !accept(body)) return false;
        end({ type: 'answer', body });
        return true;
      });
      this.#open.set(reply, { subject, end });
      const failure = this.#deps.send(subject, bytes, {
        reply,
        ...(headers && { headers: encodable(headers) }),
      });
      if (failure !== undefined) end({ type: 'unsent', reason: failure });
    });
  }

  /** Takes a message to the node's answers. Returns whether it was one to a request to the broker. */
  take(message: NatsMessage): boolean {
    const { subject } = message;
    if (!subject.startsWith(this.#prefix)) return false;
    if (!isStatusMessage(message)) this.#pending.answer(subject, message.data);
    else if (saysNoResponders(message)) this.#pending.noResponders(subject);
    return true;
  }

  /** The broker does not permit to publish to a subject. Returns whether a request went there. */
  denied(subject: string): boolean {
    const requests = [...this.#open.values()].filter((request) => request.subject === subject);
    for (const { end } of requests) end({ type: 'denied' });
    return requests.length > 0;
  }

  /** Ends all requests, because the connection was lost or closed. */
  lost(): void {
    for (const { end } of this.#open.values()) end({ type: 'lost' });
  }
}

/** The headers of a message in the form that both clients take: they call `encode()`. */
function encodable(headers: Readonly<Record<string, string>>): object {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return { encode: () => Buffer.from(`NATS/1.0\r\n${lines.join('')}\r\n`) };
}

function parsed(bytes: Uint8Array): unknown {
  if (bytes.length > LONGEST_ANSWER_BYTES) return undefined;
  try {
    const body: unknown = JSON.parse(DECODER.decode(bytes));
    return body;
  } catch {
    return undefined;
  }
}
