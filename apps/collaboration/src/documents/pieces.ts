import { PIECE_BYTES } from './limits';
import type { Piece } from './messages';

/** Cuts bytes into pieces that fit into a message each. There is at least one. */
export function piecesOf(bytes: Uint8Array): Piece[] {
  const pieces: Piece[] = [];
  for (let start = 0; start === 0 || start < bytes.length; start += PIECE_BYTES) {
    const end = start + PIECE_BYTES;
    pieces.push({ bytes: bytes.subarray(start, end), isLast: end >= bytes.length });
  }
  return pieces;
}

/** Puts pieces together again, and refuses to become longer than a limit. */
export class Assembly {
  readonly #maxBytes: number;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Adds a piece.
   *
   * @returns The whole with the last piece, and begins anew; otherwise undefined.
   * @throws RangeError if it becomes too long. The pieces so far are forgotten.
   */
  add({ bytes, isLast }: Piece): Uint8Array | undefined {
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    const [pieces, length] = [this.#pieces, this.#bytes];
    const isTooLong = length > this.#maxBytes;
    if (isLast || isTooLong) [this.#pieces, this.#bytes] = [[], 0];
    if (isTooLong) throw new RangeError(`An update has at most ${this.#maxBytes} bytes.`);
    if (!isLast) return undefined;
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces, length);
  }
}
