import { type Change, type Diff, MOST_ENTRIES, type RemoteGroup, type RemoteOperation } from '../table';
import { HEAP_BYTES, MOST_READ_WEIGHT, type PidInterner, rememberHeapBytes, type Value } from '../term';
import { DecodeError, type Reader, type Writer } from '../wire';
import { checkNotFull, type OpsHead } from './body';
import { BYTES_OF_ROW, WEIGHT_OF_ROW } from './budget';
import { DeltaReader, DeltaWriter, type Owner } from './delta';

/** What a group does; `…One` means that all its entries share one value, which is written once. Zero ends an operation. */
const GROUP = { end: 0, join: 1, joinOne: 2, leave: 3, update: 4, updateOne: 5 } as const;
/** A group begins with `count * GROUP_KINDS + group`: one byte for up to fifteen entries. */
const GROUP_KINDS = 8;

/**
 * Writes one operation — the diff of a local write — and its end mark. Joins carry key, entry numbers, pids and values; updates
 * entry numbers and values; leaves entry numbers only: the receiver knows the rest.
 */
export function writeOperation(writer: Writer, diff: Diff, deltas: DeltaWriter): void {
  for (const change of diff) writeGroup(writer, change, deltas);
  writer.u8(GROUP.end);
}

function writeGroup(writer: Writer, change: Change, deltas: DeltaWriter): void {
  const { rows } = change;
  if (change.kind === 'leave') {
    writer.uint(rows.length * GROUP_KINDS + GROUP.leave);
    for (const row of rows) deltas.writeNumber(writer, row.number);
    return;
  }
  const isJoin = change.kind === 'join';
  const shared = rows.length > 1 && rows.every((row) => row.value === rows[0].value);
  const group = isJoin ? (shared ? GROUP.joinOne : GROUP.join) : shared ? GROUP.updateOne : GROUP.update;
  writer.uint(rows.length * GROUP_KINDS + group);
  if (isJoin) writer.value(change.key);
  if (shared) writer.value(rows[0].value);
  for (const row of rows) {
    deltas.writeNumber(writer, row.number);
    if (isJoin) deltas.writePid(writer, row.pid);
    if (!shared) writer.value(row.value);
  }
}

/** An operation has more than {@link MOST_ENTRIES} entries, as nodes wrote them that knew no such limit. */
export class TooManyEntriesError extends DecodeError {
  override get name(): string {
    return 'TooManyEntriesError';
  }
}

/**
 * Reads the operations behind the head of a body one after the other, as they are asked for. So what a frame costs can be spread over
 * several turns of the event loop.
 */
export class OperationReader {
  /** Entries of the operation that was read last. */
  entries = 0;
  /** How many rows might be changed in the time that it takes to read and apply it. */
  rows = 0;
  readonly #reader: Reader;
  readonly #deltas: DeltaReader;
  readonly #start: number;
  readonly #first: number;
  readonly #end: number;
  #next: number;

  constructor(reader: Reader, { first, count }: OpsHead, owner: Owner, pids: PidInterner) {
    this.#reader = reader;
    this.#deltas = new DeltaReader(owner, pids);
    this.#start = reader.position;
    this.#first = this.#next = first;
    this.#end = first + count;
  }

  /**
   * Reads the next operation, all of it or nothing; undefined if that was the last.
   *
   * @throws TooManyEntriesError, WeightLimitError for one that must be synced instead; DecodeError on anything else that no sender of this version writes.
   */
  next(): RemoteOperation | undefined {
    const reader = this.#reader;
    const number = this.#next;
    if (number === this.#end) {
      reader.end();
      return undefined;
    }
    if (number > this.#first) checkNotFull(reader, this.#start);
    const before = reader.position;
    const lighter = reader.weight;
    reader.mostWeight = lighter + MOST_READ_WEIGHT;
    this.entries = 0;
    const groups: RemoteGroup[] = [];
    for (let head = reader.uint(); head !== GROUP.end; head = reader.uint()) groups.push(this.#group(head));
    if (groups.length === 0) throw new DecodeError('an operation without a group');
    const bytes = reader.position - before;
    this.rows = Math.max(this.entries, bytes / BYTES_OF_ROW) + (reader.weight - lighter) / WEIGHT_OF_ROW;
    this.#next = number + 1;
    return { number, groups };
  }

  #group(head: number): RemoteGroup {
    const reader = this.#reader;
    const deltas = this.#deltas;
    const group = head % GROUP_KINDS;
    const count = (head - group) / GROUP_KINDS;
    // An entry takes at least one byte: a larger count cannot be true, and is refused before anything is made of it.
    if (count < 1 || count > reader.partEnd - reader.position)
      throw new DecodeError('a group with an impossible number of entries');
    this.entries += count;
    if (this.entries > MOST_ENTRIES)
      throw new TooManyEntriesError(`an operation of ${this.entries} entries or more`);
    reader.charge(HEAP_BYTES.record + count * HEAP_BYTES.record);
    switch (group) {
      case GROUP.join:
      case GROUP.joinOne: {
        const key = reader.key();
        const isShared = group === GROUP.joinOne;
        const shared: Value = isShared ? reader.value() : null;
        rememberHeapBytes(shared);
        const entries = [];
        for (let i = 0; i < count; i += 1) {
          const number = deltas.readNumber(reader);
          const pid = deltas.readPid(reader);
          entries.push({ number, pid, value: isShared ? shared : reader.value() });
        }
        return { kind: 'join', key, entries };
      }
      case GROUP.leave: {
        const numbers: number[] = [];
        for (let i = 0; i < count; i += 1) numbers.push(deltas.readNumber(reader));
        return { kind: 'leave', numbers };
      }
      case GROUP.update:
      case GROUP.updateOne:
        return readUpdate(reader, count, group === GROUP.updateOne, deltas);
      default:
        throw new DecodeError(`unknown group ${group}`);
    }
  }
}

function readUpdate(reader: Reader, count: number, shared: boolean, deltas: DeltaReader): RemoteGroup {
  const one: Value = shared ? reader.value() : null;
  rememberHeapBytes(one);
  const entries = [];
  for (let i = 0; i < count; i += 1) {
    entries.push({ number: deltas.readNumber(reader), value: shared ? one : reader.value() });
  }
  return { kind: 'update', entries };
}
