import type { PeerProtocol } from '../protocol';
import type { CallChannel, RequestKind } from '../calls';
import type { SizeLimits } from './size-limits';
import type { Connection, PendingRequest, Subscription } from '../transport';
import { PROCESS_INBOX_KINDS } from '../wire';

/** Hears what a channel receives. */
export interface ChannelEvents {
  /** A frame came in, as it is; the protocol has to check it. */
  readonly onFrame: (subject: string, bytes: Uint8Array, reply: string) => void;
  /** Nobody listens where the request with this token went. */
  readonly onNoResponders: (token: number, node: string) => void;
}

/** Carries calls over the connection: sends their frames, and keeps the requests that wait for an answer. */
export class ConnectionChannel implements CallChannel {
  readonly #requests = new Map<number, PendingRequest>();
  readonly #inboxes: Subscription[] = [];
  #connection: Connection | undefined;

  readonly #protocol: PeerProtocol;
  readonly #limits: SizeLimits;
  readonly #events: ChannelEvents;

  constructor(protocol: PeerProtocol, limits: SizeLimits, events: ChannelEvents) {
    this.#protocol = protocol;
    this.#limits = limits;
    this.#events = events;
  }

  get maxBodyBytes(): number {
    return this.#limits.maxBodyBytes;
  }

  /** Sends and receives frames on this connection from now on. */
  attach(connection: Connection): void {
    this.#connection = connection;
    for (const subject of this.subscriptions())
      this.#inboxes.push(connection.subscribe(subject, this.#events.onFrame));
  }

  /** The subjects on which it receives frames. */
  subscriptions(): readonly string[] {
    return PROCESS_INBOX_KINDS.map((kind) => this.#protocol.subjects.inbox(kind));
  }

  /** Stops: nothing is sent or received any more. */
  detach(): void {
    for (const request of this.#requests.values()) request.cancel();
    for (const inbox of this.#inboxes.splice(0)) inbox.unsubscribe();
    this.#requests.clear();
    this.#connection = undefined;
  }

  send(kind: RequestKind, node: string, body: Uint8Array, token?: number): boolean {
    const connection = this.#connection;
    if (!connection?.isConnected) return false;
    const { subject, bytes } = this.#protocol.envelope(kind, node, body);
    if (token === undefined) {
      connection.publish(subject, bytes);
      return true;
    }
    const reply = this.#protocol.subjects.reply(node, token.toString(36));
    // The caller keeps the deadline; the transport would only keep it a second time.
    const request = connection.request(subject, bytes, { reply, timeoutMs: Infinity }, (outcome) => {
      this.#requests.delete(token);
      if (outcome.type === 'answer') this.#events.onFrame(outcome.subject, outcome.bytes, '');
      else if (outcome.type === 'no-responders') this.#events.onNoResponders(token, node);
    });
    this.#requests.set(token, request);
    return true;
  }

  forget(token: number): void {
    this.#requests.get(token)?.cancel();
    this.#requests.delete(token);
  }

  reply(address: string, node: string, body: Uint8Array): void {
    const { subject, bytes } = this.#protocol.envelope('reply', node, body, address);
    this.#connection?.publish(subject, bytes);
  }
}
