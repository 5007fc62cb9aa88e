import { DecodeError, type ProcessKind } from '../wire';
import { ValueTooLargeError, type Pid, quoteText, type ValueRecord } from '../term';
import type { NodeIdentity } from './call-channel';
import {
  type CancelBody,
  decodeCancel,
  decodeReply,
  decodeRequest,
  encodeCancel,
  encodeReply,
  encodeRequest,
  type Reply,
  type ReplyBody,
  type RequestBody,
  tokenOf,
} from './call-frames';
import type { CallsDeps } from './calls-deps';
import { errorFormOptions, formOfError } from './error-form';
import type { Message } from './message';
import {
  decodeDown,
  decodeWatch,
  type DownBody,
  encodeDown,
  encodeWatch,
  type WatchBody,
} from './monitors/watch-frames';

/** The token of requests that want no reply. */
export const NO_REPLY = 0;

/** Where the reply to a request goes. */
export interface ReplyAddress {
  readonly node: string;
  /** The reply address that came with the request. */
  readonly address: string;
  readonly token: number;
}

/** Take what other nodes send, decoded. */
export interface FrameReceivers {
  readonly requests: {
    call(from: NodeIdentity, request: RequestBody, address: string): void;
    cast(from: NodeIdentity, request: RequestBody): void;
    cancel(from: NodeIdentity, body: CancelBody): void;
  };
  readonly replies: {
    reply(from: NodeIdentity, body: ReplyBody): void;
    /** A reply came whose value this node does not accept. */
    undecodable(from: NodeIdentity, token: number): void;
    /** Nobody listens where this request was sent. */
    noResponders(token: number): void;
  };
  readonly watches: { receive(from: NodeIdentity, body: WatchBody): void };
  readonly downs: { receive(from: NodeIdentity, body: DownBody): void };
}

/**
 * Where frames of calls and monitors leave the node and enter it. Encodes what goes out and hands it to the channel, decodes what
 * comes in and hands it to the receivers. Nothing else does either.
 */
export class CallPort {
  readonly #deps: CallsDeps;
  #receivers!: FrameReceivers;

  constructor(deps: CallsDeps) {
    this.#deps = deps;
  }

  /** Sets, once, who takes what comes in. */
  connect(receivers: FrameReceivers): void {
    this.#receivers = receivers;
  }

  // Out

  /**
   * Sends a call, cast or message to a process of another node.
   *
   * @param token Under which the reply comes; {@link NO_REPLY} if none is wanted.
   * @returns False if this node is not connected.
   * @throws ValueTooLargeError if it does not fit into a frame; nothing was sent then.
   */
  request(to: Pid, message: Message, token: number): boolean {
    const { channel } = this.#deps;
    const body = encodeRequest(to, message, token);
    if (body.length > channel.maxBodyBytes) {
      throw new ValueTooLargeError(
        `What is sent with ${quoteText(message.name)} takes ${body.length} bytes; a frame has ${channel.maxBodyBytes}. Nothing was sent.`,
      );
    }
    return token === NO_REPLY
      ? channel.send('cast', to.node, body)
      : channel.send('call', to.node, body, token);
  }

  /** Stops waiting for a reply, and tells the node that was asked. */
  cancel(node: string, body: CancelBody): void {
    const { channel } = this.#deps;
    channel.forget(body.token);
    channel.send('cancel', node, encodeCancel(body));
  }

  /** Stops waiting for a reply. */
  forget(token: number): void {
    this.#deps.channel.forget(token);
  }

  /** Replies to a call. @throws ValueTooLargeError if it does not fit into a frame; nothing was sent then. */
  reply({ node, address, token }: ReplyAddress, reply: Reply): void {
    const { channel } = this.#deps;
    const body = encodeReply(token, reply);
    if (body.length > channel.maxBodyBytes) {
      throw new ValueTooLargeError(
        `The answer takes ${body.length} bytes; a frame has ${channel.maxBodyBytes}. The handler ran.`,
      );
    }
    channel.reply(address, node, body);
  }

  /**
   * Replies to a call with an error, without its fields but the status if they do not fit into the frame.
   *
   * @param executed Whether the handler may have begun.
   */
  replyError({ node, address, token }: ReplyAddress, thrown: unknown, executed: boolean): void {
    const { channel } = this.#deps;
    const error = formOfError(thrown, errorFormOptions(this.#deps));
    let body = encodeReply(token, { type: 'error', executed, error });
    if (body.length > channel.maxBodyBytes) {
      const { status } = error.fields;
      const fields: ValueRecord = status === undefined ? {} : { status };
      body = encodeReply(token, { type: 'error', executed, error: { ...error, fields } });
    }
    channel.reply(address, node, body);
  }

  /** Tells the node of a process whether this node watches it. */
  watch(node: string, body: WatchBody): void {
    this.#deps.channel.send('watch', node, encodeWatch(body));
  }

  /** Tells a watching node about a process of this node. */
  down(node: string, body: DownBody): void {
    this.#deps.channel.send('down', node, encodeDown(body));
  }

  // In

  /**
   * Takes a frame whose sender was checked. Never throws because of its body: one that this version does not write is counted,
   * warned of and dropped.
   *
   * @param address Where the reply goes, an address of the sender's own; `''` if it wants none.
   */
  receive(kind: ProcessKind, from: NodeIdentity, body: Uint8Array, address: string): void {
    const deps = this.#deps;
    const { requests, replies, watches, downs } = this.#receivers;
    try {
      switch (kind) {
        case 'call':
          if (address === '') throw new DecodeError('A call without an address for its reply.');
          return requests.call(from, decodeRequest(kind, from, body, deps), address);
        case 'cast':
          return requests.cast(from, decodeRequest(kind, from, body, deps));
        case 'cancel':
          return requests.cancel(from, decodeCancel(body));
        case 'reply':
          return replies.reply(from, decodeReply(body, deps));
        case 'watch':
          return watches.receive(from, decodeWatch(body));
        case 'down':
          return downs.receive(from, decodeDown(body, deps));
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#undecodable(kind, from, body, address);
      deps.onWarning(
        'malformed-frame',
        `A ${kind} frame of node ${quoteText(from.node)} was dropped: ${error.message}`,
      );
    }
  }

  /** Takes the news that nobody listens where a request was sent. @param token The one that {@link CallChannel.send} was given. */
  noResponders(token: number): void {
    this.#receivers.replies.noResponders(token);
  }

  /** Ends a call whose request or reply cannot be decoded: its value may be larger or deeper than this node accepts. */
  #undecodable(kind: ProcessKind, from: NodeIdentity, body: Uint8Array, address: string): void {
    if (kind !== 'reply' && (kind !== 'call' || address === '')) return;
    const token = tokenOf(kind, body);
    if (token === undefined) return;
    if (kind === 'reply') return this.#receivers.replies.undecodable(from, token);
    const why = 'The payload is no value, or larger or deeper than its receiver accepts.';
    this.replyError({ node: from.node, address, token }, new ValueTooLargeError(why), false);
  }
}
