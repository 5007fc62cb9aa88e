import type { PeerProtocol } from '../protocol';
import type { CallChannel, Outlet, SentRequest, SingleKind } from '../calls';
import type { SizeLimits } from './size-limits';
import type { Connection, Subscription } from '../transport';
import { FRAMES, PROCESS_INBOX_KINDS } from '../wire';

/** A constant of its own: a name that is exported on and on is looked up through a function. */
const BUNDLES_SINCE = FRAMES.bundle.since;

/** Hears what a channel receives. */
export interface ChannelEvents {
  /** A frame came in, as it is; the protocol has to check it. */
  readonly onFrame: (subject: string, bytes: Uint8Array, reply: string) => void;
  /** The same for a request to end a process, or an order: what it asks for is expensive. */
  readonly onExit: ChannelEvents['onFrame'];
  /** Nobody listens where a call of version 1 to this node went. Called after the call was told. */
  readonly onNoResponders: (node: string) => void;
}

/** Carries calls over the connection: puts bodies into frames and sends them. */
export class ConnectionChannel implements CallChannel {
  readonly #inboxes: Subscription[] = [];
  #connection: Connection | undefined;

  readonly #protocol: PeerProtocol;
  readonly limits: SizeLimits;
  readonly #events: ChannelEvents;

  constructor(protocol: PeerProtocol, limits: SizeLimits, events: ChannelEvents) {
    this.#protocol = protocol;
    this.limits = limits;
    this.#events = events;
  }

  /** Sends and receives frames on this connection from now on. */
  attach(connection: Connection): void {
    this.#connection = connection;
    const { onFrame, onExit } = this.#events;
    for (const kind of PROCESS_INBOX_KINDS) {
      const subject = this.#protocol.subjects.inbox(kind);
      this.#inboxes.push(connection.subscribe(subject, kind === 'exit' ? onExit : onFrame));
    }
  }

  /** The subjects on which it receives frames. */
  subscriptions(): readonly string[] {
    return PROCESS_INBOX_KINDS.map((kind) => this.#protocol.subjects.inbox(kind));
  }

  /** Stops: nothing is sent or received any more. */
  detach(): void {
    for (const inbox of this.#inboxes.splice(0)) inbox.unsubscribe();
    this.#connection = undefined;
  }

  get isConnected(): boolean {
    return this.#connection?.isConnected ?? false;
  }

  /** A field, because it is passed on as a function. */
  readonly congestion = (): Promise<void> | undefined => this.#connection?.outgoing?.congestion();

  outlet(node: string): Outlet {
    const { subjects, frames } = this.#protocol;
    const subject = subjects.to(node, 'bundle');
    const replies = subjects.reply(node, '');
    return {
      publish: (body, token) => {
        const connection = this.#connection;
        if (!connection?.isConnected) return false;
        const frame = frames.frame('bundle', body, BUNDLES_SINCE);
        connection.publish(subject, frame, token === '' ? '' : replies + token);
        return true;
      },
    };
  }

  send(kind: SingleKind | 'exit', node: string, body: Uint8Array): void {
    const { subject, bytes } = this.#protocol.envelope(kind, node, body);
    this.#connection?.publish(subject, bytes);
  }

  request(
    node: string,
    body: Uint8Array,
    token: string,
    onNoResponders: () => void,
  ): SentRequest | undefined {
    const connection = this.#connection;
    if (!connection?.isConnected) return undefined;
    const { subject, bytes } = this.#protocol.envelope('call', node, body);
    const reply = this.#protocol.subjects.reply(node, token);
    // The caller keeps the deadline; the transport would only keep it a second time.
    return connection.request(subject, bytes, { reply, timeoutMs: Infinity }, (outcome) => {
      if (outcome.type === 'answer') this.#events.onFrame(outcome.subject, outcome.bytes, '');
      else if (outcome.type === 'no-responders') {
        onNoResponders();
        this.#events.onNoResponders(node);
      }
      // Only the caller can tell whether it is the answer, and cancels the request then.
      return false;
    });
  }

  reply(address: string, node: string, body: Uint8Array): void {
    const { subject, bytes } = this.#protocol.envelope('reply', node, body, address);
    this.#connection?.publish(subject, bytes);
  }
}
