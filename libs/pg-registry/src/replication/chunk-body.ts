import type { Row, SyncChunk } from '../table';
import { HEAP_BYTES, type Key, MOST_READ_WEIGHT, type PidInterner, type Value, WEIGHT } from '../term';
import { DecodeError, type Reader, type Writer } from '../wire';
import { type ChunkHead, checkNotFull, FULL_BODY_BYTES, readNumber, startBody, TAG } from './body';
import { DeltaReader, DeltaWriter, type Owner } from './delta';

/** Flags before each row: that it is one, and what is the same as in the row before and not written again. */
const FLAG = { row: 1, sameKey: 2, sameValue: 4 } as const;
const ALL_FLAGS = FLAG.row | FLAG.sameKey | FLAG.sameValue;

/** How the end of the last chunk is written: no other chunk ends where it begins. */
const TO_THE_END = 0;

/** The most rows in a chunk: what a receiver merges without a pause that anybody notices. */
export const MAX_CHUNK_ROWS = 2000;

/** What the rows of a chunk may weigh: all that fits into a full body, and one row more. */
const MOST_CHUNK_WEIGHT: number = FULL_BODY_BYTES * WEIGHT.inKey + MOST_READ_WEIGHT;

/**
 * Writes a chunk row by row, until its writer says that it is full. The head is written last, when its end is known, so the rows
 * have a writer of their own.
 */
export class ChunkWriter {
  readonly #deltas = new DeltaWriter();
  #previous: Row | undefined;
  /** Rows written. */
  count = 0;

  readonly #rows: Writer;
  readonly #at: number;

  constructor(rows: Writer, at: number) {
    this.#rows = rows;
    this.#at = at;

    rows.reset();
  }

  /** Entry number of the last row written. */
  get to(): number {
    return this.#previous?.number ?? 0;
  }

  /** Appends `row` unless the chunk would grow beyond `maxBytes`; the first row always fits. Returns whether it was taken. */
  add(row: Row, maxBytes: number): boolean {
    const rows = this.#rows;
    const previous = this.#previous;
    const before = rows.length;
    const sameKey = previous !== undefined && previous.key === row.key;
    const sameValue = previous !== undefined && previous.value === row.value;
    rows.u8(FLAG.row | (sameKey ? FLAG.sameKey : 0) | (sameValue ? FLAG.sameValue : 0));
    this.#deltas.writeNumber(rows, row.number);
    this.#deltas.writePid(rows, row.pid);
    rows.uint(this.#at - row.revision);
    if (!sameKey) rows.value(row.key);
    if (!sameValue) rows.value(row.value);
    if (rows.length > maxBytes && this.count > 0) {
      rows.truncate(before);
      return false;
    }
    this.#previous = row;
    this.count += 1;
    return true;
  }
}

/** Writes the head of a chunk into `writer`; `to` = Infinity for the last one. The rows follow it. */
export function startChunk(
  writer: Writer,
  run: number,
  { askerRun, session, from, to, at }: ChunkHead,
): void {
  startBody(writer, TAG.chunk, run);
  writer.uint(askerRun);
  writer.uint(session);
  writer.uint(from);
  writer.uint(to === Infinity ? TO_THE_END : to);
  writer.uint(at);
}

/** Reads the head only: enough to decide whether the chunk is wanted, and when. */
export function readChunkHead(reader: Reader): ChunkHead {
  const askerRun = readNumber(reader);
  const session = readNumber(reader);
  const from = readNumber(reader);
  const end = readNumber(reader);
  const to = end === TO_THE_END ? Infinity : end;
  const at = readNumber(reader);
  if (to <= from) throw new DecodeError('a chunk that ends before it begins');
  return { askerRun, session, from, to, at };
}

/**
 * Reads the rows behind the head: ascending entry numbers within the chunk's range, no revision above its operation.
 *
 * @throws DecodeError on anything else.
 */
export function readChunk(reader: Reader, head: ChunkHead, owner: Owner, pids: PidInterner): SyncChunk {
  const { from, to, at } = head;
  const deltas = new DeltaReader(owner, pids);
  const rows = [];
  const start = reader.position;
  reader.mostWeight = MOST_CHUNK_WEIGHT;
  let [number, key, value]: [number, Key, Value] = [from, null, null];
  for (let left = reader.remaining; left > 0; left = reader.remaining) {
    const flags = reader.u8();
    const isFirst = rows.length === 0;
    if (!isFirst) checkNotFull(reader, start);
    if ((flags & FLAG.row) === 0 || flags > ALL_FLAGS || (isFirst && flags !== FLAG.row)) {
      throw new DecodeError('unknown flags of a row');
    }
    const next = deltas.readNumber(reader);
    if (next <= number || next > to) throw new DecodeError('a row that does not belong into its chunk');
    number = next;
    reader.charge(HEAP_BYTES.record);
    const pid = deltas.readPid(reader);
    const age = reader.uint();
    if (age > at) throw new DecodeError('a revision below zero');
    if ((flags & FLAG.sameKey) === 0) key = reader.key();
    if ((flags & FLAG.sameValue) === 0) value = reader.value();
    if (rows.push({ number, key, pid, value, revision: at - age }) > MAX_CHUNK_ROWS)
      throw new DecodeError('too many rows in a chunk');
  }
  return { from, to, at, rows };
}
