/** Frames that ask something of a process of another node. */
export type RequestKind = 'call' | 'cast' | 'cancel' | 'watch' | 'down';

/** All frames of this room. */
export type ProcessFrameKind = RequestKind | 'reply';

/** The node that a frame comes from, or goes to. */
export interface NodeIdentity {
  readonly node: string;
  readonly incarnation: string;
}

/** How calls leave the node. Implemented by node/ over its connection, which also puts bodies into their envelopes. */
export interface CallChannel {
  /** Bytes that a body may have. */
  readonly maxBodyBytes: number;
  /**
   * Sends a body to a node, and forgets.
   *
   * @param token Given if an answer is wanted: the frame then carries a reply address of this node that ends in the token.
   * @returns False if it cannot have left, because the node is not connected.
   */
  send(kind: RequestKind, node: string, body: Uint8Array, token?: number): boolean;
  /** No answer is expected any more for this token: timed out, cancelled, or the node was lost. */
  forget(token: number): void;
  /** Answers a node on the reply address that came with its request. */
  reply(address: string, node: string, body: Uint8Array): void;
}
