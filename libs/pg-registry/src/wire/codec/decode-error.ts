/**
 * Bytes are not what they should be: truncated, over-long, too large, or nothing a sender of this version writes.
 * Internal to the protocol, where it is counted and the frame dropped; no user ever sees one.
 */
export class DecodeError extends Error {
  override get name(): string {
    return 'DecodeError';
  }
}

/** Bytes of a peer would take more memory than they may. They are well formed otherwise, as far as they were read. */
export class HeapLimitError extends DecodeError {}

/** Bytes of a peer would take too long to read, by what their parts weigh. They are well formed otherwise, as far as they were read. */
export class WeightLimitError extends DecodeError {}
