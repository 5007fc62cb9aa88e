import type { Change, Diff, RemoteGroup, RemoteOperation } from '../table';
import { HEAP_BYTES, type PidInterner, type Value } from '../term';
import { DecodeError, type Reader, type Writer } from '../wire';
import { checkNotFull, type OpsHead } from './body';
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

/**
 * Reads the operations behind the head of a body, all of them or none.
 *
 * @throws DecodeError on anything that no sender of this version writes.
 */
export function readOperations(
  reader: Reader,
  { first, count }: OpsHead,
  owner: Owner,
  pids: PidInterner,
): RemoteOperation[] {
  const deltas = new DeltaReader(owner, pids);
  const operations: RemoteOperation[] = [];
  const start = reader.position;
  for (let number = first; number < first + count; number += 1) {
    if (number > first) checkNotFull(reader, start);
    const groups: RemoteGroup[] = [];
    for (let head = reader.uint(); head !== GROUP.end; head = reader.uint())
      groups.push(readGroup(reader, head, deltas));
    if (groups.length === 0) throw new DecodeError('an operation without a group');
    operations.push({ number, groups });
  }
  reader.end();
  return operations;
}

function readGroup(reader: Reader, head: number, deltas: DeltaReader): RemoteGroup {
  const group = head % GROUP_KINDS;
  const count = (head - group) / GROUP_KINDS;
  // An entry takes at least one byte: a larger count cannot be true, and is refused before anything is made of it.
  if (count < 1 || count > reader.partEnd - reader.position)
    throw new DecodeError('a group with an impossible number of entries');
  reader.charge(HEAP_BYTES.record + count * HEAP_BYTES.record);
  switch (group) {
    case GROUP.join:
    case GROUP.joinOne:
      return readJoin(reader, count, group === GROUP.joinOne, deltas);
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

function readJoin(reader: Reader, count: number, shared: boolean, deltas: DeltaReader): RemoteGroup {
  const key = reader.key();
  const one: Value = shared ? reader.value() : null;
  const entries = [];
  for (let i = 0; i < count; i += 1) {
    const number = deltas.readNumber(reader);
    const pid = deltas.readPid(reader);
    entries.push({ number, pid, value: shared ? one : reader.value() });
  }
  return { kind: 'join', key, entries };
}

function readUpdate(reader: Reader, count: number, shared: boolean, deltas: DeltaReader): RemoteGroup {
  const one: Value = shared ? reader.value() : null;
  const entries = [];
  for (let i = 0; i < count; i += 1) {
    entries.push({ number: deltas.readNumber(reader), value: shared ? one : reader.value() });
  }
  return { kind: 'update', entries };
}
