import type { ProcessKind } from '../wire';

/** Kinds of frames that ask something of a process of another node. */
export type RequestKind = Exclude<ProcessKind, 'reply'>;

/** The node that a frame comes from or goes to. */
export interface NodeIdentity {
  readonly node: string;
  readonly incarnation: string;
}

/**
 * How the bodies of frames leave the node. Implemented by node/ over its connection, which puts them into envelopes. Bodies that
 * come in are handed to `CallPort.receive`, outcomes of requests to `CallPort.noResponders`.
 */
export interface CallChannel {
  /** Largest body of a frame, in bytes. */
  readonly maxBodyBytes: number;
  /**
   * Sends a body to a node without waiting.
   *
   * @param token Given if a reply is wanted: the frame then carries a reply address of this node that ends in the token.
   * @returns False if it cannot have left, because this node is not connected.
   */
  send(kind: RequestKind, node: string, body: Uint8Array, token?: number): boolean;
  /** Stops waiting for the reply with this token: the call timed out, was cancelled, or its node was lost. */
  forget(token: number): void;
  /** Sends a reply to the address that came with its request. */
  reply(address: string, node: string, body: Uint8Array): void;
}
