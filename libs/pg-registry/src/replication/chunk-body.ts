import type { Row, SyncChunk, SyncRow } from '../table';
import { HEAP_BYTES, MOST_READ_WEIGHT, type PidInterner, rememberHeapBytes } from '../term';
import { DecodeError, type Reader, type Writer } from '../wire';
import { type ChunkHead, checkNotFull, readNumber, startBody, TAG } from './body';
import { BYTES_OF_ROW, WEIGHT_OF_ROW } from './budget';
import { DeltaReader, DeltaWriter, type Owner } from './delta';

/** Flags before each row: that it is one, and what is the same as in the row before and not written again. */
const FLAG = { row: 1, sameKey: 2, sameValue: 4 } as const;
const ALL_FLAGS = FLAG.row | FLAG.sameKey | FLAG.sameValue;

/** How the end of the last chunk is written: no other chunk ends where it begins. */
const TO_THE_END = 0;

/** The most rows in a chunk: what a receiver merges without a pause that anybody notices. */
export const MAX_CHUNK_ROWS = 2000;

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
 * Reads the rows behind the head of a chunk part by part, as they are asked for: ascending entry numbers within the chunk's range, no
 * revision above its operation. So what a chunk costs can be spread over several turns of the event loop.
 */
export class ChunkReader {
  /** Up to where it has been read, as an entry number: exclusive. */
  from: number;
  /** How many rows might be changed in the time that it takes to read and merge the last part. */
  cost = 0;
  /** The rows that this was made of, in bytes. */
  readonly bytes: number;
  readonly head: ChunkHead;
  readonly #reader: Reader;
  readonly #deltas: DeltaReader;
  readonly #start: number;
  /** A row that was read and belongs to the next part. */
  #ahead: SyncRow | undefined;
  /** The row read last: the next one may have its key or value. */
  #last: SyncRow | undefined;
  #count = 0;

  /** @param reader Of the rows alone */
  constructor(reader: Reader, head: ChunkHead, owner: Owner, pids: PidInterner) {
    this.head = head;
    this.from = head.from;
    this.bytes = reader.remaining;
    this.#reader = reader;
    this.#deltas = new DeltaReader(owner, pids);
    this.#start = reader.position;
  }

  /** Whether all parts were read. */
  get isDone(): boolean {
    return this.from === this.head.to;
  }

  /**
   * Reads the next part: up to entry number `upTo`, or until it costs `most`, which the last row may exceed.
   *
   * @throws DecodeError for what no sender writes; HeapLimitError, WeightLimitError for a row that takes more than a row may
   */
  next(upTo = Infinity, most = Infinity): SyncChunk {
    const { from, head } = this;
    const rows: SyncRow[] = [];
    let to = Math.min(upTo, head.to);
    this.cost = 0;
    for (let row = this.#take(to); row !== undefined; row = this.#take(to)) {
      rows.push(row);
      if (this.cost < most || this.#reader.remaining === 0) continue;
      to = row.number;
      break;
    }
    this.from = to;
    return { from, to, at: head.at, rows };
  }

  /** The next row, if its number is not above `to`. */
  #take(to: number): SyncRow | undefined {
    const row = this.#ahead ?? this.#read();
    const isAhead = row !== undefined && row.number > to;
    this.#ahead = isAhead ? row : undefined;
    return isAhead ? undefined : row;
  }

  #read(): SyncRow | undefined {
    const reader = this.#reader;
    const { remaining, weight } = reader;
    if (remaining === 0) return undefined;
    const last = this.#last;
    const { at, to } = this.head;
    const flags = reader.u8();
    if (last !== undefined) checkNotFull(reader, this.#start);
    if ((flags & FLAG.row) === 0 || flags > ALL_FLAGS || (last === undefined && flags !== FLAG.row))
      throw new DecodeError('unknown flags of a row');
    const number = this.#deltas.readNumber(reader);
    if (number <= (last?.number ?? this.head.from) || number > to)
      throw new DecodeError('a row that does not belong into its chunk');
    this.#count += 1;
    if (this.#count > MAX_CHUNK_ROWS) throw new DecodeError('too many rows in a chunk');
    reader.mostWeight = weight + MOST_READ_WEIGHT;
    reader.charge(HEAP_BYTES.record);
    const pid = this.#deltas.readPid(reader);
    const age = reader.uint();
    if (age > at) throw new DecodeError('a revision below zero');
    const key = (flags & FLAG.sameKey) === 0 ? reader.key() : last!.key;
    const hasSameValue = (flags & FLAG.sameValue) !== 0;
    const value = hasSameValue ? last!.value : reader.value();
    if (hasSameValue) rememberHeapBytes(value);
    this.cost += Math.max(1, (remaining - reader.remaining) / BYTES_OF_ROW);
    this.cost += (reader.weight - weight) / WEIGHT_OF_ROW;
    return (this.#last = { number, key, pid, value, revision: at - age });
  }
}
