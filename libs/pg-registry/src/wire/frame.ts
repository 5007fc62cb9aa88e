import { DecodeError, Reader, Writer } from './codec';
import { FRAME_KINDS, type FrameKind, FRAMES, INTRODUCING_KINDS } from './frame-kinds';
import type { VersionRange } from './version';

/**
 * The envelope of every frame. It never changes, so that any two versions can at least tell the sender's node, incarnation and epoch,
 * and whether they have a version in common.
 *
 *     'P' 'G' · version uint · node string · incarnation 8 bytes · epoch uint · kind u8 · [min uint · max uint] · body
 *
 * The range stands in the kinds that introduce a node (hello, discover). The bodies of discover, goodbye, suspect, stale
 * and alive are the same in every version; all others are of the version that the envelope names. The kinds and
 * their numbers are in `frame-kinds.ts`.
 */

/** The sender of a frame. */
export interface Sender {
  readonly node: string;
  /** 16 lower-case hexadecimal digits, see `incarnation.ts`. */
  readonly incarnation: string;
  readonly epoch: number;
}

/** A frame taken apart; `body` is a view into the bytes received, not a copy. */
export interface Frame extends Sender {
  readonly version: number;
  readonly kind: FrameKind;
  /** The versions that the sender speaks; only hello and discover have them. */
  readonly versions: VersionRange | undefined;
  readonly body: Uint8Array;
}

/** Everything before the body. */
export type Envelope = Omit<Frame, 'body'>;

/** No frame is longer in any version: the largest `max_payload` that a NATS server may have. */
export const LONGEST_FRAME_BYTES = 64 * 1024 * 1024;

/** How deep arrays, objects, Maps and Sets may be nested in what a node takes from another: more would endanger the stack that decodes them. */
export const MAX_WIRE_DEPTH = 256;

/** No envelope is longer: a body of `maxFrameBytes − FRAME_OVERHEAD_BYTES` always fits. */
export const FRAME_OVERHEAD_BYTES = 512;

/** Epochs beyond this are refused, so that a forged one cannot use up the numbers that `stale` has to rise above. */
export const MAX_EPOCH = 2 ** 52;

const MAGIC_P = 0x50;
const MAGIC_G = 0x47;
/** What stands in place of the `G` in a signed message (`transport/secret/`). */
const MAGIC_S = 0x53;
const MAX_NODE_BYTES = 128;
const INCARNATION_BYTES = 8;
const NOTHING = new Uint8Array(0);
/**
 * Small frames are parts of a block, because V8 takes memory from the C library for each buffer of more than 64 bytes, and gives it back
 * through the garbage collector: a frame of 90 bytes takes 68 ns instead of 302. One that is kept keeps its block.
 */
const BLOCK_BYTES = 8192;
const MOST_IN_BLOCK = 512;
let block = new ArrayBuffer(0);
let blockUsed = BLOCK_BYTES;

/** Writes an incarnation as its 8 bytes. */
export function writeIncarnation(writer: Writer, incarnation: string): void {
  writer.hex(incarnation);
}

/** Reads an incarnation. @throws DecodeError if less than 8 bytes are left */
export function readIncarnation(reader: Reader): string {
  return reader.hex(INCARNATION_BYTES);
}

/** Puts a body into its envelope. The result is a copy that nobody else writes to. */
export function encodeFrame(envelope: Envelope, body: Uint8Array = NOTHING): Uint8Array {
  return inEnvelope(encodeEnvelope(envelope), body);
}

/** Puts a body behind an encoded envelope, and `head` between the two: the second half of {@link encodeFrame}. */
export function inEnvelope(envelope: Uint8Array, body: Uint8Array, head: Uint8Array = NOTHING): Uint8Array {
  const bytes = envelope.length + head.length + body.length;
  if (blockUsed + bytes > BLOCK_BYTES && bytes <= MOST_IN_BLOCK) {
    block = new ArrayBuffer(BLOCK_BYTES);
    blockUsed = 0;
  }
  let frame: Uint8Array;
  if (bytes > MOST_IN_BLOCK) frame = new Uint8Array(bytes);
  else {
    frame = new Uint8Array(block, blockUsed, bytes);
    blockUsed += bytes;
  }
  frame.set(envelope);
  if (head.length > 0) frame.set(head, envelope.length);
  frame.set(body, envelope.length + head.length);
  return frame;
}

/** Encodes everything before the body: the first half of {@link encodeFrame}. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const writer = new Writer();
  writer.u8(MAGIC_P);
  writer.u8(MAGIC_G);
  writer.uint(envelope.version);
  writer.string(envelope.node);
  writeIncarnation(writer, envelope.incarnation);
  writer.uint(envelope.epoch);
  writer.u8(FRAMES[envelope.kind].number);
  if (INTRODUCING_KINDS.has(envelope.kind)) {
    const { min, max } = envelope.versions ?? { min: envelope.version, max: envelope.version };
    writer.uint(min);
    writer.uint(max);
  }
  return writer.finish();
}

/** Whether a message may be a frame. What a broker answers in JSON never is. */
export function beginsAsFrame(bytes: Uint8Array): boolean {
  return bytes[0] === MAGIC_P && bytes[1] === MAGIC_G;
}

/**
 * Takes a frame apart and checks its envelope. The caller compares the sender with the subject, which only it knows.
 *
 * @throws DecodeError on anything that {@link encodeFrame} cannot have written
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  const reader = new Reader(bytes);
  if (reader.u8() !== MAGIC_P) throw new DecodeError('Not a frame of PgRegistry.');
  const magic = reader.u8();
  // A transport with the option `secret` takes the signature off; without it the node would only see no peer.
  if (magic === MAGIC_S)
    throw new DecodeError(
      'It is signed with a shared secret. Give the transport of this node the same `secret`, or no node any.',
    );
  if (magic !== MAGIC_G) throw new DecodeError('Not a frame of PgRegistry.');
  const version = reader.uint();
  const node = reader.string(MAX_NODE_BYTES);
  const incarnation = reader.hex(INCARNATION_BYTES);
  const epoch = reader.uint();
  if (epoch > MAX_EPOCH) throw new DecodeError(`Epoch ${epoch} is beyond every clock.`);
  const kind = FRAME_KINDS[reader.u8()];
  if (kind === undefined) throw new DecodeError('Unknown kind of frame.');
  const versions = INTRODUCING_KINDS.has(kind) ? readRange(reader) : undefined;
  return { version, node, incarnation, epoch, kind, versions, body: reader.rest() };
}

function readRange(reader: Reader): VersionRange {
  const min = reader.uint();
  const max = reader.uint();
  if (min === 0 || max < min) throw new DecodeError(`Version range ${min}–${max} is empty.`);
  return { min, max };
}
