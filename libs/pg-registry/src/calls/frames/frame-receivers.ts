import type { DownBody, WatchBody } from '../monitors/watch-frames';
import type { NodeIdentity, ReceivedFrame } from './call-channel';
import type { Cancellation, Reply, Request } from './call-frames';
import type { CallToken } from './call-token';
import type { ExitBody } from './exit-frames';

/** Where the reply to a call goes. */
export interface ReplyAddress extends CallToken {
  readonly to: NodeIdentity;
  /** The reply address that came with a call of version 1; `''` for one that came in a bundle. */
  readonly address: string;
}

/** Take what other nodes say, decoded. */
export interface FrameReceivers {
  readonly requests: {
    call(frame: ReceivedFrame, token: CallToken, request: Request): void;
    cast(frame: ReceivedFrame, request: Request): void;
    cancel(from: NodeIdentity, token: CallToken, cancellation: Cancellation): void;
    exit(frame: ReceivedFrame, body: ExitBody): void;
    /** A call came that this node does not accept. */
    undecodable(frame: ReceivedFrame, token: CallToken): void;
  };
  readonly replies: {
    reply(from: NodeIdentity, token: CallToken, reply: Reply): void;
    /** @param subjectToken Of the subject that the reply came on. */
    replyOfVersion1(from: NodeIdentity, number: number, subjectToken: string, reply: Reply): void;
    /** A reply came whose value this node does not accept. @param token Its number alone for one of version 1. */
    undecodable(from: NodeIdentity, token: CallToken | number, subjectToken: string): void;
  };
  readonly watches: { receive(from: NodeIdentity, body: WatchBody): void };
  readonly downs: { receive(from: NodeIdentity, body: DownBody): void };
}
