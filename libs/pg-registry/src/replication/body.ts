/**
 * Bodies of the replication frames. Each begins with its tag and the run of the stream that it is about: `ops`, `part`, `tail`,
 * `chunk`, `piece`, `bundle` and `appliedAsk` are about the sender's stream, the others about the receiver's. Operations and rows are in
 * `operation-body.ts`, `chunk-body.ts` and `chunk-pieces.ts`; here are the heads, and the bodies that are nothing but a head.
 */
import { DecodeError, Reader, type StreamKind, Writer } from '../wire';

/** First byte of a body. */
export const TAG = {
  ops: 1,
  part: 2,
  tail: 3,
  repairAsk: 4,
  syncAsk: 5,
  chunk: 6,
  appliedAsk: 7,
  appliedAnswer: 8,
  bundle: 9,
  piece: 10,
} as const;

/** Which bodies may come in which kind of frame; others are refused. A repair is answered with the bodies of broadcasts, in bundles or alone. */
export const TAGS_OF: Record<StreamKind, readonly number[]> = {
  ops: [TAG.ops, TAG.part, TAG.tail, TAG.bundle],
  repair: [TAG.repairAsk, TAG.ops, TAG.part, TAG.tail, TAG.bundle],
  sync: [TAG.syncAsk, TAG.chunk, TAG.piece],
  applied: [TAG.appliedAsk, TAG.appliedAnswer],
};

/** Numbers end here, so that a difference of two, with its sign, still is an exact integer. */
export const MAX_NUMBER = 2 ** 52 - 1;

/** Longest head of a body of this file. */
export const MAX_HEAD_BYTES = 64;

/** A body leaves when it has so many bytes of operations, and takes no further body of a bundle. Neither begins behind them. */
export const FULL_BODY_BYTES = 64 * 1024;

/** Operations `first` to `first + count - 1`; they follow, see `operation-body.ts`. */
export interface OpsHead {
  readonly first: number;
  readonly count: number;
}

/** One of `parts` pieces of the single operation `number`, which is too large for a frame; the piece follows. */
export interface PartHead {
  readonly number: number;
  readonly index: number;
  readonly parts: number;
}

/** The sender's stream ends at `last`; what is older than `oldest` it can no longer repair. */
export interface Tail {
  readonly oldest: number;
  readonly last: number;
}

/** Send me your operations `from` to `to` again. */
export interface RepairAsk {
  readonly from: number;
  readonly to: number;
}

/** A walk through the owner's entries: the asker's run of the scope, and a number that rises with each walk. */
export interface SyncSession {
  readonly askerRun: number;
  readonly session: number;
}

/** Send me your entries after entry number `cursor`; in this session `credit` chunks may have been sent in all. */
export interface SyncAsk extends SyncSession {
  readonly cursor: number;
  readonly credit: number;
}

/** Rows with entry numbers in (`from`, `to`] as of operation `at`; they follow, see `chunk-body.ts`. */
export interface ChunkHead extends SyncSession {
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

/**
 * Refuses what a peer puts behind a full body: applying a megabyte of the smallest operations would hold this node up for half a second.
 *
 * @param start Where the operations, or the bodies of a bundle, begin.
 * @throws DecodeError if the reader has come to where none begins
 */
export function checkNotFull(reader: Reader, start: number): void {
  if (reader.position - start >= FULL_BODY_BYTES)
    throw new DecodeError(
      `operations or bodies that begin behind the first ${FULL_BODY_BYTES} bytes, where no node begins one`,
    );
}

/** The tag of a body, and the run of the stream that it is about. */
export interface Opened {
  readonly tag: number;
  readonly run: number;
}

/** Reads tag and run. @throws DecodeError for a tag that does not travel in a frame of this kind */
export function openBody(reader: Reader, kind: StreamKind): Opened {
  const tag = reader.u8();
  if (!TAGS_OF[kind].includes(tag))
    throw new DecodeError(`a body with tag ${tag} does not travel as '${kind}'`);
  return { tag, run: readNumber(reader) };
}

/** Starts a body in `writer`, which is emptied first. */
export function startBody(writer: Writer, tag: number, run: number): void {
  writer.reset();
  writer.u8(tag);
  writer.uint(run);
}

/** A number of an operation, entry, run or session. @throws DecodeError above {@link MAX_NUMBER} */
export function readNumber(reader: Reader): number {
  const number = reader.uint();
  if (number > MAX_NUMBER) throw new DecodeError('a number is too large');
  return number;
}

/** @throws DecodeError if the body is too short for this many operations */
export function readOpsHead(reader: Reader): OpsHead {
  const head = { first: readNumber(reader), count: readNumber(reader) };
  // Every operation has at least its end mark, so more operations than bytes is a lie; it is found before the first is read.
  if (head.first < 1 || head.count < 1 || head.count > reader.partEnd - reader.position)
    throw new DecodeError('impossible operation numbers');
  return head;
}

/** @throws DecodeError if there is no such part */
export function readPartHead(reader: Reader): PartHead {
  const head = { number: readNumber(reader), index: readNumber(reader), parts: readNumber(reader) };
  if (head.number < 1 || head.parts < 1 || head.index >= head.parts)
    throw new DecodeError('impossible part of an operation');
  return head;
}

/** The whole body of a tail. */
export function writeTail(writer: Writer, run: number, { oldest, last }: Tail): Uint8Array {
  startBody(writer, TAG.tail, run);
  writer.uint(oldest);
  writer.uint(last);
  return writer.finish();
}

/** @throws DecodeError on anything but one tail */
export function readTail(reader: Reader): Tail {
  const tail = { oldest: readNumber(reader), last: readNumber(reader) };
  reader.end();
  if (tail.oldest > tail.last + 1) throw new DecodeError('the oldest operation is younger than the last');
  return tail;
}

/** The whole body of an ask for repair. */
export function writeRepairAsk(writer: Writer, run: number, { from, to }: RepairAsk): Uint8Array {
  startBody(writer, TAG.repairAsk, run);
  writer.uint(from);
  writer.uint(to);
  return writer.finish();
}

/** @throws DecodeError on anything but one ask for a range that is not empty */
export function readRepairAsk(reader: Reader): RepairAsk {
  const ask = { from: readNumber(reader), to: readNumber(reader) };
  reader.end();
  if (ask.from < 1 || ask.from > ask.to) throw new DecodeError('the range to repair ends before it begins');
  return ask;
}

/** The whole body of an ask for chunks. */
export function writeSyncAsk(writer: Writer, run: number, ask: SyncAsk): Uint8Array {
  startBody(writer, TAG.syncAsk, run);
  writer.uint(ask.askerRun);
  writer.uint(ask.session);
  writer.uint(ask.cursor);
  writer.uint(ask.credit);
  return writer.finish();
}

/** @throws DecodeError on anything but one ask */
export function readSyncAsk(reader: Reader): SyncAsk {
  const ask = {
    askerRun: readNumber(reader),
    session: readNumber(reader),
    cursor: readNumber(reader),
    credit: readNumber(reader),
  };
  reader.end();
  return ask;
}

/** For both bodies of `replicated()`: "have you applied my operation `number`?" and "I have applied your operations up to `number`". */
export function writeApplied(writer: Writer, tag: number, run: number, number: number): Uint8Array {
  startBody(writer, tag, run);
  writer.uint(number);
  return writer.finish();
}

/** The number of the operation in either body. @throws DecodeError on anything but that */
export function readApplied(reader: Reader): number {
  const number = readNumber(reader);
  reader.end();
  return number;
}

/** A body from a head and what follows it, with one copy of the latter. */
export function joinBody(head: Writer, content: Uint8Array): Uint8Array {
  const start = head.view();
  const body = new Uint8Array(start.length + content.length);
  body.set(start);
  body.set(content, start.length);
  return body;
}
