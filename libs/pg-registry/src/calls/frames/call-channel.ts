import type { ProcessKind } from '../../wire';
import { ValueTooLargeError } from '../../term';

/** Kinds of frames that version 1 sends to one node. */
export type SingleKind = Exclude<ProcessKind, 'reply' | 'bundle' | 'exit'>;

/** The node that a frame comes from or goes to. */
export interface NodeIdentity {
  readonly node: string;
  readonly incarnation: string;
}

/** A frame for processes that came in. Its sender was checked against its subject, and `reply` against its sender. */
export interface ReceivedFrame {
  readonly kind: ProcessKind;
  readonly from: NodeIdentity;
  /** Whether the sender is a peer. If not, it may never become one, and nobody tells when it is gone. */
  readonly isFromPeer: boolean;
  readonly body: Uint8Array;
  /** Where the answer to a call of version 1 goes, an address of the sender's own; `''` for anything else. */
  readonly reply: string;
  /** Of the subject on which an answer came; `''` for anything else. */
  readonly token: string;
}

/** A frame that left, and to which an answer may come. */
export interface SentRequest {
  /** Nobody waits any more. Idempotent. */
  cancel(): void;
}

/** Where the bundles to one node leave. */
export interface Outlet {
  /**
   * Sends a bundle. The bytes are copied.
   *
   * @param token If not empty, and nobody listens there, it comes back by `CallPort.noResponders`. Not to be guessed.
   * @returns False if it cannot have left, because this node is not connected.
   */
  publish(body: Uint8Array, token: string): boolean;
}

/** How large the body of a frame may be at present. */
export interface BodyLimits {
  /** In bytes. */
  readonly maxBodyBytes: number;
  /** Whose limit that is, as part of a sentence that begins with "because". */
  readonly limitedBy: string;
}

/**
 * Returns the error for what does not fit into the body of a frame.
 *
 * @param what What is too large: the subject of a sentence.
 * @param bytes What it takes, with everything that goes with it.
 * @param outcome What happened, as a sentence.
 */
export function tooLargeForFrame(
  what: string,
  bytes: number,
  { maxBodyBytes, limitedBy }: BodyLimits,
  outcome: string,
): ValueTooLargeError {
  return new ValueTooLargeError(
    `${what} must take at most ${maxBodyBytes} bytes with all that goes with it (got ${bytes}), ${limitedBy}. ${outcome}`,
  );
}

/**
 * How the bodies of frames leave the node. Implemented by node/ over its connection, which puts them into envelopes. Bodies that
 * come in are handed to `CallPort.receive`.
 */
export interface CallChannel {
  /** How large a body may be. The object stays, its limit may change. */
  readonly limits: BodyLimits;
  /** Whether frames can leave. */
  readonly isConnected: boolean;
  /** While so much is on its way that what can wait should: a promise of the end of that, which never rejects. Default: undefined. */
  readonly congestion?: () => Promise<void> | undefined;
  /** Returns where the bundles to a node leave. Makes an object; it is to be kept. */
  outlet(node: string): Outlet;
  /** Sends a frame of version 1, or one that never travels in a bundle. Nothing leaves while the node is not connected. */
  send(kind: SingleKind | 'exit', node: string, body: Uint8Array): void;
  /**
   * Sends a call of version 1, to which the answer comes to an address that ends in `token`.
   *
   * @param token Not to be guessed.
   * @param onNoResponders Called if nobody listens there.
   * @returns Undefined if it cannot have left, because this node is not connected.
   */
  request(node: string, body: Uint8Array, token: string, onNoResponders: () => void): SentRequest | undefined;
  /** Sends a reply of version 1 to the address that came with its call. */
  reply(address: string, node: string, body: Uint8Array): void;
}
