/**
 * Bytes are not what they should be: truncated, over-long, too large, or nothing a sender of this version writes.
 * Internal to the protocol, where it is counted and the frame dropped; no user ever sees one.
 */
export class DecodeError extends Error {
  override get name(): string {
    return 'DecodeError';
  }
}
