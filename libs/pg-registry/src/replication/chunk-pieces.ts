import { DecodeError, type Reader, type Writer } from '../wire';
import { joinBody, MAX_HEAD_BYTES, openBody, readNumber, startBody, type SyncSession, TAG } from './body';
import { COPY_OVERHEAD_BYTES } from './budget';
import { readerOf, type StreamDeps } from './stream-deps';

/** One of `parts` pieces of a chunk that is too large for a frame; the piece follows. */
interface PieceHead extends SyncSession {
  /** Where the chunk begins. */
  readonly from: number;
  readonly index: number;
  readonly parts: number;
}

/**
 * Divides the whole body of a chunk into bodies that fit. A chunk ends before it is too large, unless its only row is: such an entry was
 * registered when the server still took larger messages.
 */
export function piecesOf(
  chunk: Uint8Array,
  scratch: Writer,
  run: number,
  { askerRun, session, from }: SyncSession & { readonly from: number },
  maxBodyBytes: number,
): readonly Uint8Array[] {
  if (chunk.length <= maxBodyBytes) return [chunk];
  const size = maxBodyBytes - MAX_HEAD_BYTES;
  const parts = Math.ceil(chunk.length / size);
  return Array.from({ length: parts }, (_, index) => {
    startBody(scratch, TAG.piece, run);
    for (const number of [askerRun, session, from, index, parts]) scratch.uint(number);
    return joinBody(scratch, chunk.subarray(index * size, (index + 1) * size));
  });
}

function readPieceHead(reader: Reader): PieceHead {
  const head = {
    askerRun: readNumber(reader),
    session: readNumber(reader),
    from: readNumber(reader),
    index: readNumber(reader),
    parts: readNumber(reader),
  };
  if (head.index >= head.parts) throw new DecodeError('impossible piece of a chunk');
  return head;
}

/**
 * Puts the pieces of a chunk together again. They come in order, one chunk at a time; a piece that does not continue the chunk is
 * dropped together with what there was of it, and the walk asks again.
 */
export class ChunkPieces {
  #head: PieceHead | undefined;
  #pieces: Uint8Array[] = [];
  /** What the pieces take in memory. */
  #bytes = 0;

  /**
   * Takes a piece behind its tag and run.
   *
   * @returns The whole chunk behind its tag and run, once this was its last piece.
   * @throws DecodeError if this is no piece, or the chunk is none, or larger than any own frame or operation may be.
   */
  add(reader: Reader, deps: StreamDeps): Reader | undefined {
    const { maxOpBytes, maxFrameBytes } = deps.budget.options;
    const head = readPieceHead(reader);
    if (head.index === 0) this.#reset();
    else if (!continues(head, this.#head)) return this.#reset();
    const piece = reader.rest();
    if (piece.length === 0) throw new DecodeError('an empty piece of a chunk');
    this.#bytes += piece.length + COPY_OVERHEAD_BYTES;
    if (this.#bytes > 2 * Math.max(maxOpBytes, maxFrameBytes)) {
      this.#reset();
      throw new DecodeError('a chunk in pieces that is too large');
    }
    this.#head = head;
    this.#pieces.push(piece.slice());
    if (head.index + 1 < head.parts) return undefined;
    const whole = readerOf(Buffer.concat(this.#pieces), deps);
    this.#reset();
    if (openBody(whole, 'sync').tag !== TAG.chunk)
      throw new DecodeError('pieces of something else than a chunk');
    return whole;
  }

  #reset(): undefined {
    this.#head = undefined;
    this.#pieces = [];
    this.#bytes = 0;
  }
}

function continues(head: PieceHead, before: PieceHead | undefined): boolean {
  return (
    before !== undefined &&
    head.index === before.index + 1 &&
    head.parts === before.parts &&
    head.from === before.from &&
    head.session === before.session &&
    head.askerRun === before.askerRun
  );
}
