import { DecodeError, Reader, Writer } from '../../wire';
import type { Pid } from '../../term';
import type { CallChannel, ReceivedFrame, SingleKind } from './call-channel';
import {
  type Cancellation,
  decodeCancel,
  decodeReply,
  decodeRequest,
  encodeCancel,
  encodeReply,
  encodeRequest,
  type Reply,
  type RequestDecoding,
  tokenOf,
} from './call-frames';
import type { FrameReceivers, ReplyAddress } from './frame-receivers';
import { type CallToken, textOfToken } from './call-token';
import type { SentCall } from './sent-call';
import type { Message } from '../message';
import {
  type DownBody,
  readDown,
  readWatch,
  type WatchBody,
  writeDown,
  writeWatch,
} from '../monitors/watch-frames';

/** The token of requests that want no reply. */
const NO_REPLY = 0;

/** What {@link SingleFrames} needs. */
export interface SingleFramesDeps extends RequestDecoding {
  readonly channel: CallChannel;
}

/**
 * Says to peers of version 1, and hears from them, what later versions say in bundles: in one frame each. A reply comes to an address of
 * its own, which ends in the token of its call.
 *
 * Every method that sends returns the size of a body that does not fit into a frame, otherwise 0; nothing was sent then.
 */
export class SingleFrames {
  readonly #deps: SingleFramesDeps;

  constructor(deps: SingleFramesDeps) {
    this.#deps = deps;
  }

  // Out

  call(pending: SentCall): number {
    const { channel } = this.#deps;
    const { pid, message } = pending.attempt;
    const body = encodeRequest(pid, message, pending.number);
    if (body.length > channel.limits.maxBodyBytes) return body.length;
    const nobody = (): void => pending.undelivered('no-responders');
    pending.request = channel.request(pid.node, body, textOfToken(pending), nobody);
    if (pending.request === undefined) pending.undelivered('not-connected');
    return 0;
  }

  tell(to: Pid, message: Message): number {
    return this.#send('cast', to.node, encodeRequest(to, message, NO_REPLY));
  }

  cancel(node: string, { number }: CallToken, cancellation: Cancellation): void {
    this.#send('cancel', node, encodeCancel({ token: number, ...cancellation }));
  }

  reply({ to, address, number }: ReplyAddress, reply: Reply): number {
    const { channel } = this.#deps;
    const body = encodeReply(number, reply);
    if (body.length > channel.limits.maxBodyBytes) return body.length;
    channel.reply(address, to.node, body);
    return 0;
  }

  watch(node: string, body: WatchBody): void {
    const writer = new Writer();
    writeWatch(writer, body);
    this.#send('watch', node, writer.finish());
  }

  down(node: string, body: DownBody): number {
    const writer = new Writer();
    writeDown(writer, body);
    return this.#send('down', node, writer.finish());
  }

  #send(kind: SingleKind, node: string, body: Uint8Array): number {
    const { channel } = this.#deps;
    if (body.length > channel.limits.maxBodyBytes) return body.length;
    channel.send(kind, node, body);
    return 0;
  }

  // In

  /** @throws DecodeError for bytes that version 1 does not write. A call or reply that it makes impossible has ended then. */
  receive(frame: ReceivedFrame, to: FrameReceivers): void {
    const { kind, from, body, reply, token } = frame;
    switch (kind) {
      case 'call':
        if (reply === '') throw new DecodeError('A call without an address for its reply.');
        return this.#receiveCall(frame, to);
      case 'cast':
        return to.requests.cast(frame, decodeRequest(kind, from, body, this.#deps));
      case 'cancel': {
        const cancel = decodeCancel(body);
        return to.requests.cancel(from, numberOnly(cancel.token), cancel);
      }
      case 'reply':
        return this.#receiveReply(frame, token, to);
      case 'watch':
        return to.watches.receive(from, readWatch(new Reader(body)));
      case 'down':
        return to.downs.receive(from, readDown(new Reader(body, this.#deps)));
      case 'exit':
      case 'bundle':
        throw new DecodeError('Version 1 has no frame of this kind.');
    }
  }

  #receiveCall(frame: ReceivedFrame, { requests }: FrameReceivers): void {
    const { from, body } = frame;
    try {
      const request = decodeRequest('call', from, body, this.#deps);
      requests.call(frame, numberOnly(request.token), request);
    } catch (error) {
      const number = error instanceof DecodeError ? tokenOf('call', body) : undefined;
      if (number !== undefined) requests.undecodable(frame, numberOnly(number));
      throw error;
    }
  }

  #receiveReply({ from, body }: ReceivedFrame, token: string, { replies }: FrameReceivers): void {
    try {
      const { token: number, reply } = decodeReply(body, this.#deps);
      replies.replyOfVersion1(from, number, token, reply);
    } catch (error) {
      const number = error instanceof DecodeError ? tokenOf('reply', body) : undefined;
      if (number !== undefined) replies.undecodable(from, number, token);
      throw error;
    }
  }
}

/** Version 1 has no more of a token than its number. */
function numberOnly(number: number): CallToken {
  return { number, high: 0, low: 0 };
}
