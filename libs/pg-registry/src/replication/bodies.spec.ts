import * as fc from 'fast-check';
import { type Diff, type RemoteOperation, type Row, Table } from '../table';
import { numbersInSteps } from '../table/entry-numbers.fixture';
import { DEFAULT_VALUE_LIMITS, PidInterner } from '../term';
import { DecodeError, Reader, Writer } from '../wire/codec';
import type { StreamKind } from '../wire';
import { MAX_NUMBER, openBody, readOpsHead, startBody, TAG, TAGS_OF, writeTail } from './body';
import { Bundler, readBundle } from './bundle';
import { ChunkWriter, MAX_CHUNK_ROWS, ChunkReader, readChunkHead, startChunk } from './chunk-body';
import { DeltaReader, DeltaWriter } from './delta';
import { writeOperation } from './operation-body';
import { readOperations } from './operations.fixture';

const owner = { node: 'a', incarnation: '000000000000000a' };
const pids = new PidInterner();
const pid = (id: number) => pids.intern(owner.node, owner.incarnation, id);
const readerOf = (bytes: Uint8Array): Reader => new Reader(bytes, { pids, limits: DEFAULT_VALUE_LIMITS });

/** A table whose entry numbers are given out in steps, as they are when several scopes share them. */
function ownTable(step = 1) {
  return { table: new Table({ ...owner, keys: 'duplicate' }), numbers: numbersInSteps(step, step - 1) };
}

function decoded(diffs: readonly Diff[], first: number): RemoteOperation[] {
  const writer = new Writer();
  const deltas = new DeltaWriter();
  for (const diff of diffs) writeOperation(writer, diff, deltas);
  return readOperations(readerOf(writer.finish()), { first, count: diffs.length }, owner, pids);
}

describe('bodies of operations', () => {
  it('operations are decoded as they were encoded: keys, pids, values, entry numbers in any order', () => {
    const { table, numbers } = ownTable(1_000_003);
    const join = table.join(['k', { a: 1 }], [pid(7), pid(1), pid(7)], { x: [1n] }, numbers, 1);
    const update = table.update(['k', { a: 1 }], pid(7), (old) => [old], 2);
    const leave = table.leave(['k', { a: 1 }], [pid(7), pid(1)]);
    const value = { x: [1n] };
    expect(decoded([join, update, leave], 41)).toEqual([
      {
        number: 41,
        groups: [
          {
            kind: 'join',
            key: ['k', { a: 1 }],
            entries: [
              { number: 1_000_003, pid: pid(7), value },
              { number: 2_000_006, pid: pid(1), value },
              { number: 3_000_009, pid: pid(7), value },
            ],
          },
        ],
      },
      {
        number: 42,
        groups: [
          { kind: 'update', entries: [1_000_003, 3_000_009].map((number) => ({ number, value: [value] })) },
        ],
      },
      { number: 43, groups: [{ kind: 'leave', numbers: [3_000_009, 2_000_006] }] },
    ]);
  });

  it('operations take a few bytes beside key and value, and write a value that all entries share once', () => {
    const { table, numbers } = ownTable();
    const writer = new Writer();
    writeOperation(writer, table.join('k', [pid(1)], null, numbers, 1), new DeltaWriter());
    expect(writer.length).toBeLessThanOrEqual(8);
    writer.reset();
    const many = Array.from({ length: 100 }, () => pid(1));
    writeOperation(writer, table.join('k', many, 'x'.repeat(500), numbers, 2), new DeltaWriter());
    expect(writer.length).toBeLessThan(720);
  });

  it('operations that no sender writes are refused', () => {
    const broken: [string, (writer: Writer) => void][] = [
      ['no group', (writer) => writer.u8(0)],
      ['an unknown group', (writer) => writer.raw(Uint8Array.of(8 + 7, 1, 0))],
      ['a group without entries', (writer) => writer.raw(Uint8Array.of(3, 0))],
      ['more entries than bytes', (writer) => writer.uint(8 * 2 ** 40 + 3)],
      ['an entry number below one', (writer) => writer.raw(Uint8Array.of(8 + 3, 0, 0))],
      ['no end', (writer) => writer.raw(Uint8Array.of(8 + 3, 2))],
      ['something behind the end', (writer) => writer.raw(Uint8Array.of(8 + 3, 2, 0, 0))],
    ];
    for (const [, write] of broken) {
      const writer = new Writer();
      write(writer);
      expect(() => readOperations(readerOf(writer.finish()), { first: 1, count: 1 }, owner, pids)).toThrow(
        DecodeError,
      );
    }
  });

  it('operations in impossible numbers are refused', () => {
    for (const [first, count] of [
      [0, 1],
      [1, 0],
      [1, 1000],
      [MAX_NUMBER + 1, 1],
    ]) {
      const writer = new Writer();
      writer.uint(first);
      writer.uint(count);
      writer.u8(0);
      expect(() => readOpsHead(readerOf(writer.finish()))).toThrow(DecodeError);
    }
  });
});

describe('differences', () => {
  it('differences restore every sequence of numbers and pids', () => {
    const numbers = fc.array(
      fc.record({
        number: fc.integer({ min: 1, max: MAX_NUMBER }),
        id: fc.integer({ min: 0, max: MAX_NUMBER }),
      }),
    );
    const comesBack = (sequence: readonly { number: number; id: number }[]): boolean => {
      const writer = new Writer();
      const deltas = new DeltaWriter();
      for (const { number, id } of sequence) {
        deltas.writeNumber(writer, number);
        deltas.writePid(writer, pid(id));
      }
      const reader = readerOf(writer.finish());
      const back = new DeltaReader(owner, pids);
      return sequence.every(
        ({ number, id }) => back.readNumber(reader) === number && back.readPid(reader) === pid(id),
      );
    };
    expect(() => fc.assert(fc.property(numbers, comesBack))).not.toThrow();
  });
});

describe('a chunk', () => {
  const session = { askerRun: 2, session: 5 };

  function chunkOf(
    rows: readonly Row[],
    from: number,
    to: number,
    at: number,
    maxBytes = 60_000,
  ): Uint8Array {
    const content = new Writer();
    const chunk = new ChunkWriter(content, at);
    for (const row of rows) if (!chunk.add(row, maxBytes)) break;
    const head = new Writer();
    startChunk(head, 1, { ...session, from, to, at });
    head.raw(content.view());
    return head.finish();
  }

  function read(bytes: Uint8Array) {
    const reader = readerOf(bytes);
    openBody(reader, 'sync');
    const head = readChunkHead(reader);
    return { head, chunk: new ChunkReader(reader, head, owner, pids).next() };
  }

  it('a chunk carries its rows with their revisions', () => {
    const { table, numbers } = ownTable();
    table.join('k', [pid(1), pid(2)], { shared: true }, numbers, 1);
    table.join('l', [pid(2)], 'own', numbers, 2);
    table.update('k', pid(2), () => 'new', 3);
    const rows = table.ownRowsAfter(0, 10);
    const { head, chunk } = read(chunkOf(rows, 0, Infinity, 9));
    expect(head).toEqual({ ...session, from: 0, to: Infinity, at: 9 });
    expect(chunk.rows).toEqual(
      rows.map(({ number, key, pid: process, value, revision }) => ({
        number,
        key,
        pid: process,
        value,
        revision,
      })),
    );
  });

  it('a chunk ends before the row that does not fit, but always has one row', () => {
    const { table, numbers } = ownTable();
    for (let i = 0; i < 3; i += 1) table.join('k', [pid(1)], `${i}`.repeat(100), numbers, 1);
    const rows = table.ownRowsAfter(0, 10);
    expect(read(chunkOf(rows, 0, 3, 1, 250)).chunk.rows).toHaveLength(2);
    expect(read(chunkOf(rows, 0, 3, 1, 1)).chunk.rows).toHaveLength(1);
  });

  it('a chunk with rows outside its range, out of order or newer than itself is refused', () => {
    const { table, numbers } = ownTable();
    table.join('k', [pid(1), pid(1)], 1, numbers, 4);
    const rows = table.ownRowsAfter(0, 10);
    expect(() => read(chunkOf(rows, 1, 2, 4))).toThrow(DecodeError);
    expect(() => read(chunkOf(rows, 0, 1, 4))).toThrow(DecodeError);
    expect(() => read(chunkOf([rows[1], rows[0]], 0, 2, 4))).toThrow(DecodeError);
    expect(() => chunkOf(rows, 0, 2, 3)).toThrow(RangeError);
    expect(() => read(chunkOf([], 3, 2, 4))).toThrow(DecodeError);
  });

  it('a chunk with more rows than allowed is refused', () => {
    const { table, numbers } = ownTable();
    for (let i = 0; i <= MAX_CHUNK_ROWS; i += 1) table.join('k', [pid(1)], 1, numbers, 1);
    expect(() => read(chunkOf(table.ownRowsAfter(0, Infinity), 0, Infinity, 1))).toThrow(DecodeError);
  });
});

describe('a body', () => {
  it('a body is accepted only in its own kinds of frames', () => {
    const opens = (tag: number, kind: StreamKind): boolean => {
      const writer = new Writer();
      startBody(writer, tag, 3);
      try {
        return openBody(readerOf(writer.finish()), kind).run === 3;
      } catch (error) {
        if (error instanceof DecodeError) return false;
        throw error;
      }
    };
    for (const kind of ['ops', 'repair', 'sync', 'applied'] as const) {
      const open = [0, ...Object.values(TAG), 99].filter((tag) => opens(tag, kind));
      expect(open).toEqual([...TAGS_OF[kind]].toSorted((a, b) => a - b));
    }
  });
});

describe('what costs a receiver much more than its bytes', () => {
  it('operations that begin behind the first 64 KB of a body are refused, because no node begins one there', () => {
    const { table, numbers } = ownTable();
    const diff = table.join('k', [pid(1)], 1, numbers, 1);
    const operation = new Writer();
    writeOperation(operation, diff, new DeltaWriter());
    const most = Math.ceil((64 * 1024) / operation.length);
    expect(decoded(Array.from({ length: most }, () => diff), 1)).toHaveLength(most); // prettier-ignore
    expect(() => decoded(Array.from({ length: most + 1 }, () => diff), 1)).toThrow(/behind the first 65536 bytes/); // prettier-ignore
  });

  it('bodies that begin behind the first 64 KB of a bundle are refused, because no node begins one there', () => {
    const sent: Uint8Array[] = [];
    const bundler = new Bundler(1, 1e6, (body) => sent.push(body));
    const tail = writeTail(new Writer(), 1, { oldest: 1, last: 1 });
    for (let i = 0; i < 30_000; i += 1) bundler.add(tail);
    bundler.flush();
    const bodies = (bundle: Uint8Array) => {
      const reader = readerOf(bundle);
      return [...readBundle(reader, openBody(reader, 'ops').run, readerOf)].length;
    };
    expect(sent.reduce((count, bundle) => count + bodies(bundle), 0)).toBe(30_000);
    const whole = new Writer();
    startBody(whole, TAG.bundle, 1);
    for (let i = 0; i < 30_000; i += 1) whole.bytes(tail);
    expect(() => bodies(whole.finish())).toThrow(/behind the first 65536 bytes/);
  });
});
