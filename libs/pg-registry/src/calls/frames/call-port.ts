import { DecodeError, FRAMES, Reader } from '../../wire';
import { type Pid, quoteText, TransportError, type ValueRecord, type ValueTooLargeError } from '../../term';
import type { CallsDeps } from '../calls-deps';
import { errorFormOptions, formOfError } from '../error-form';
import type { Message } from '../message';
import {
  type DownBody,
  readDown,
  readWatch,
  type WatchBody,
  writeDown,
  writeWatch,
} from '../monitors/watch-frames';
import { type BodyLimits, type NodeIdentity, type ReceivedFrame, tooLargeForFrame } from './call-channel';
import {
  type Cancellation,
  readCancellation,
  readReply,
  type Reply,
  type Request,
  writeCancellation,
  writeReply,
} from './call-frames';
import { type ItemDecoding, readRequest, writeRequest } from './call-items';
import { type CallToken, readToken, writeToken } from './call-token';
import { encodeExit, readExit } from './exit-frames';
import { LOST, UNREADABLE } from './fixed-replies';
import type { FrameReceivers, ReplyAddress } from './frame-receivers';
import { ITEM } from './item-kinds';
import { FULL_BYTES, ITEM_HEAD_BYTES } from './line';
import { Lines } from './lines';
import type { Bundle, SentCall } from './sent-call';
import { SingleFrames } from './single-frames';

/** After so many items of one bundle that cannot be read, the rest of it is dropped. */
const MOST_FAILURES = 100;

/**
 * Where what calls and monitors say leaves the node and enters it. Writes what goes out into the line to its node, reads what comes in
 * and hands it to the receivers. Nothing else does either. Peers of version 1 get single frames instead.
 */
export class CallPort {
  /** What waits for the end of the turn. */
  readonly waiting: { readonly size: number };
  /** Frames with calls that wait for their reply, by number. */
  readonly bundles: Map<number, Bundle>;
  /** How many bytes of replies have been written since the start, at least. */
  repliedBytes = 0;
  readonly #deps: CallsDeps;
  readonly #decoding: ItemDecoding;
  readonly #lines: Lines;
  readonly #single: SingleFrames;
  #receivers!: FrameReceivers;

  constructor(deps: CallsDeps) {
    this.#deps = deps;
    const incarnationBytes = Uint8Array.from(Buffer.from(deps.incarnation, 'hex'));
    this.#decoding = { ...deps, incarnationBytes, readAt: undefined };
    this.#lines = new Lines(deps);
    this.#single = new SingleFrames(deps);
    this.waiting = this.#lines.waiting;
    this.bundles = this.#lines.bundles;
  }

  /** Sets, once, who takes what comes in. */
  connect(receivers: FrameReceivers): void {
    this.#receivers = receivers;
  }

  // Out

  /**
   * Sends a call to a process of a peer. It hears if this node is not connected.
   *
   * @throws ValueTooLargeError if it does not fit into a frame; nothing was sent then.
   */
  call(call: SentCall): void {
    const { pid, message } = call.attempt;
    const line = this.#lines.byIncarnation.get(pid.incarnation) ?? this.#lines.to(pid);
    let bytes: number;
    if (line === undefined) bytes = this.#single.call(call);
    else {
      const writer = line.begin('call');
      writeToken(writer, call);
      writeRequest(writer, pid, message, line.version);
      bytes = line.end(call);
    }
    if (bytes > 0) throw unsent(message.name, bytes, this.#deps.channel.limits);
  }

  /**
   * Asks the node of a process to end it. What was said to the process before is said before.
   *
   * @throws TransportError if the node knows only versions without this frame; ValueTooLargeError if the reason does not fit into a frame.
   */
  exit(call: SentCall): void {
    const { pid, message } = call.attempt;
    const { channel, peers } = this.#deps;
    if (peers.versionOf(pid) < FRAMES.exit.since) throw cannotExit(pid);
    if (!channel.isConnected) return call.undelivered('not-connected');
    const body = encodeExit(call, pid, message.payload);
    if (body.length > channel.limits.maxBodyBytes) throw unsent('exit', body.length, channel.limits);
    this.#lines.flush();
    channel.send('exit', pid.node, body);
  }

  /**
   * Sends a cast or message to a process of another node.
   *
   * @returns False if this node is not connected.
   * @throws ValueTooLargeError if it does not fit into a frame; nothing was sent then.
   */
  tell(to: Pid, message: Message): boolean {
    const { channel } = this.#deps;
    if (!channel.isConnected) return false;
    const line = this.#lines.to(to);
    let bytes: number;
    if (line === undefined) bytes = this.#single.tell(to, message);
    else {
      writeRequest(line.begin('cast'), to, message, line.version);
      bytes = line.end();
    }
    if (bytes > 0) throw unsent(message.name, bytes, channel.limits);
    return true;
  }

  /** Tells the node that was asked that nobody waits for its reply any more. */
  cancel(to: NodeIdentity, token: CallToken, cancellation: Cancellation): void {
    const line = this.#lines.to(to);
    if (line === undefined) return this.#single.cancel(to.node, token, cancellation);
    const writer = line.begin('cancel');
    writeToken(writer, token);
    writeCancellation(writer, cancellation);
    line.end();
  }

  /** Asks the node of a call whether it still has it. Peers of version 1 do not know that question. */
  askAgain(to: NodeIdentity, token: CallToken): void {
    if (this.#lines.to(to) !== undefined) this.cancel(to, token, { cause: 'asked-again', message: '' });
  }

  /** Tells a node that asked again that its call is not here: it was replied to, or never arrived. */
  replyLost(to: NodeIdentity, token: CallToken): void {
    this.reply({ ...token, to, address: '' }, LOST);
  }

  /** Replies to a call. @returns 0, or the bytes of the reply if it does not fit into a frame; nothing was sent then. */
  reply(address: ReplyAddress, reply: Reply): number {
    if (address.address !== '') {
      // Its size is not told, so it counts as a large one: those behind it are spread over turns by the clock.
      this.repliedBytes += FULL_BYTES;
      return this.#single.reply(address, reply);
    }
    const { to } = address;
    const line = this.#lines.byIncarnation.get(to.incarnation) ?? this.#lines.back(to);
    const writer = line.begin('reply');
    const start = writer.length;
    writeToken(writer, address);
    writeReply(writer, reply);
    this.repliedBytes += writer.length - start;
    return line.end();
  }

  /**
   * Replies to a call with an error, without its fields but the status if they do not fit into the frame.
   *
   * @param executed Whether the handler may have begun.
   */
  replyError(address: ReplyAddress, thrown: unknown, executed: boolean): void {
    const error = formOfError(thrown, errorFormOptions(this.#deps));
    if (this.reply(address, { type: 'error', executed, error }) === 0) return;
    const { status } = error.fields;
    const fields: ValueRecord = status === undefined ? {} : { status };
    this.reply(address, { type: 'error', executed, error: { ...error, fields } });
  }

  /** Tells a node that its call cannot be read: a value in it may be larger or deeper than this node accepts. */
  replyUnreadable(address: ReplyAddress): void {
    this.reply(address, UNREADABLE);
  }

  /** Tells the node of a process whether this node watches it. */
  watch(to: NodeIdentity, body: WatchBody): void {
    const line = this.#lines.to(to);
    if (line === undefined) return this.#single.watch(to.node, body);
    writeWatch(line.begin('watch'), body);
    line.end();
  }

  /** Tells a watching node about a process of this node. A reason that does not fit into a frame is left out. */
  down(to: NodeIdentity, body: DownBody): void {
    const line = this.#lines.to(to);
    let bytes: number;
    if (line === undefined) bytes = this.#single.down(to.node, body);
    else {
      writeDown(line.begin('down'), body);
      bytes = line.end();
    }
    if (bytes > 0 && body.type === 'down') this.down(to, { ...body, reason: 'killed' });
  }

  /** Sends what waits for the end of the turn now, so that what the caller sends next does not overtake it. */
  flush(): void {
    this.#lines.flush();
  }

  /** A node is no peer any more. */
  nodeLost(peer: NodeIdentity): void {
    this.#lines.nodeLost(peer);
  }

  /** Drops what waits: the node has left. */
  close(): void {
    this.#lines.close();
  }

  // In

  /**
   * Nobody listens where a bundle was sent: ends its calls.
   *
   * @param token Of the bundle.
   * @returns The node that it was sent to, if a call waits for it.
   */
  noResponders(token: string): string | undefined {
    const bundle = this.bundles.get(Number.parseInt(token, 10));
    if (bundle?.token !== token) return undefined;
    this.bundles.delete(bundle.number);
    for (const call of bundle.calls) call.undelivered('no-responders');
    return bundle.calls[0].attempt.pid.node;
  }

  /**
   * Takes a frame whose sender was checked. Never throws because of its body: one that no version writes is counted, warned of and
   * dropped, and in a bundle only the item that it is about.
   */
  receive(frame: ReceivedFrame): void {
    const failures: unknown[] = [];
    this.#decoding.readAt = undefined;
    try {
      if (frame.kind === 'exit') {
        return this.#receivers.requests.exit(frame, readExit(new Reader(frame.body, this.#deps)));
      }
      if (frame.kind !== 'bundle') return this.#single.receive(frame, this.#receivers);
      const reader = new Reader(frame.body, this.#deps);
      for (let kind = reader.nextItem(); kind !== undefined; kind = reader.nextItem()) {
        if (reader.position >= FULL_BYTES + ITEM_HEAD_BYTES) throw tooManyItems();
        try {
          this.#receiveItem(kind, frame, reader);
        } catch (error) {
          failures.push(error); // the items behind it have nothing to do with it
          if (failures.length === MOST_FAILURES) break;
        }
      }
    } catch (error) {
      failures.push(error);
    }
    for (const error of failures) this.#malformed(frame, error);
  }

  /** @throws DecodeError for bytes that this node does not write, or not to this receiver */
  #receiveItem(kind: number, frame: ReceivedFrame, reader: Reader): void {
    const { from } = frame;
    const { requests, replies, watches, downs } = this.#receivers;
    switch (kind) {
      case ITEM.call: {
        const token = readToken(reader);
        let request: Request;
        try {
          request = readRequest(reader, 'call', from, this.#decoding);
        } catch (error) {
          if (error instanceof DecodeError) requests.undecodable(frame, token);
          throw error;
        }
        return requests.call(frame, token, request);
      }
      case ITEM.cast:
        return requests.cast(frame, readRequest(reader, 'cast', from, this.#decoding));
      case ITEM.cancel:
        return requests.cancel(from, readToken(reader), readCancellation(reader));
      case ITEM.reply: {
        const token = readToken(reader);
        let reply: Reply;
        try {
          reply = readReply(reader);
        } catch (error) {
          if (error instanceof DecodeError) replies.undecodable(from, token, '');
          throw error;
        }
        return replies.reply(from, token, reply);
      }
      case ITEM.watch:
        if (frame.isFromPeer) watches.receive(from, readWatch(reader));
        else this.#warnOfStranger('watch', from);
        return;
      case ITEM.down:
        if (frame.isFromPeer) downs.receive(from, readDown(reader));
        else this.#warnOfStranger('down', from);
        return;
      default:
        throw new DecodeError('An item of no kind.');
    }
  }

  /**
   * Watches are repeated until they are answered, so a node that is not a peer yet loses nothing. One that never becomes a peer is never
   * removed as one, and what it watches would be remembered for ever.
   */
  #warnOfStranger(kind: string, { node }: NodeIdentity): void {
    this.#deps.onWarning(
      'from-stranger',
      `A ${kind} of node ${quoteText(node)}, which is no peer, was dropped.`,
    );
  }

  /** Counts and warns of what cannot be read. Any other error is thrown again. */
  #malformed({ kind, from }: ReceivedFrame, error: unknown): void {
    if (!(error instanceof DecodeError)) throw error;
    this.#deps.onWarning(
      'malformed-frame',
      `A ${kind} frame of node ${quoteText(from.node)} was dropped${kind === 'bundle' ? ' in part' : ''}: ${error.message}`,
    );
  }
}

/** Each item costs its receiver much more than its bytes: a megabyte of the smallest ones would hold a node up for half a second. */
function tooManyItems(): DecodeError {
  return new DecodeError(`Items that begin behind the first ${FULL_BYTES} bytes, where no node begins one.`);
}

function cannotExit({ node }: Pid): TransportError {
  return new TransportError(
    `Node ${quoteText(node)} speaks only version 1 of the protocol, in which no node ends processes of another. Upgrade it, or let the ` +
      'process end itself. The process lives on.',
  );
}

/** Returns the error for a message that does not fit into a frame. */
function unsent(name: string, bytes: number, limits: BodyLimits): ValueTooLargeError {
  return tooLargeForFrame(`What is sent with ${quoteText(name)}`, bytes, limits, 'Nothing was sent.');
}
