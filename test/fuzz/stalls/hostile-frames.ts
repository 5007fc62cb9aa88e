import { writeToken } from '../../../libs/pg-registry/src/calls/frames/call-token';
import { ITEM } from '../../../libs/pg-registry/src/calls/frames/item-kinds';
import { FULL_BYTES, ITEM_HEAD_BYTES } from '../../../libs/pg-registry/src/calls/frames/line';
import { encodeHello, MOST_NAMES } from '../../../libs/pg-registry/src/cluster/hello';
import { Writer } from '../../../libs/pg-registry/src/wire';
import { AROUND, heaviest, NUMBERS, type Part, PARTS } from './repeated';
import { LARGE_KEYS } from './large-keys';
import { LIVES_KINDS } from './lives';
import type { HostileFrame, Victim } from './victim';

/** A kind of input that costs its receiver much. */
export interface HostileKind {
  readonly name: string;
  /** What the node does before. */
  readonly prepare?: (victim: Victim) => void;
  /** Frames that came before, one a turn. What they take is not measured. */
  readonly before?: (bytes: number) => readonly HostileFrame[];
  /** The frames that come in one read of the socket, for a node of this incarnation. @param bytes How large a frame may be */
  readonly frames: (bytes: number, victim: string) => readonly HostileFrame[];
}

/** What a frame takes beside its main part. */
const ROOM = 200;
const SCOPE = 'pg';
/** The tag of a body of operations, and its run. */
const OPS = [1, 1] as const;
const GROUP = { join: 1, joinOne: 2, leave: 3, updateOne: 5 } as const;
/** A difference of one, as entry numbers and pids are written. */
const ONE_MORE = 2;
const END = 0;
const FRAMES_OF_ITEMS = 60;
const OTHER_LIFE = '0'.repeat(16);

function castTo(incarnation: string, payload: (writer: Writer) => void): Uint8Array {
  const writer = new Writer();
  writer.u8(1);
  writer.hex(incarnation);
  writer.uint(1);
  writer.uint(1);
  writer.string('note');
  payload(writer);
  return writer.finish();
}

/** A bundle of items of one kind. */
function bundleOf(kind: number, items: readonly Uint8Array[]): HostileFrame {
  const writer = new Writer();
  for (const item of items) {
    writer.u8(kind);
    writer.u32(item.length);
    writer.raw(item);
  }
  return { kind: 'bundle', body: writer.finish() };
}

/** A bundle of casts. */
function bundle(casts: readonly Uint8Array[]): HostileFrame {
  return bundleOf(ITEM.cast, casts);
}

/** Frames of as many different small items as begin in 16 KB. */
function framesOfItems(kind: number, write: (writer: Writer, number: number) => void): HostileFrame[] {
  let number = 0;
  return Array.from({ length: FRAMES_OF_ITEMS }, () => {
    const items: Uint8Array[] = [];
    for (let bytes = 0; bytes < FULL_BYTES; bytes += ITEM_HEAD_BYTES + (items.at(-1)?.length ?? 0)) {
      const writer = new Writer();
      write(writer, (number += 1));
      items.push(writer.finish());
    }
    return bundleOf(kind, items);
  });
}

function token(writer: Writer, number: number): void {
  writeToken(writer, { number, high: 1, low: 1 });
}

/** A hello of as many scopes as a page may list, with names of a few letters. */
function helloOfScopes(): HostileFrame {
  const running = Array.from({ length: MOST_NAMES }, (_, at) => ({
    name: at.toString(36),
    keys: 'duplicate' as const,
    run: 1,
    last: 0,
    count: 0,
    hashHigh: 0,
    hashLow: 0,
  }));
  const page = { revision: 2 ** 40, since: undefined, page: 0, pages: 1, running, stopped: [] };
  const said = { beat: 2 ** 40, discover: false, draining: false, serverId: 's' };
  return { kind: 'hello', body: encodeHello({ ...said, ...page }) };
}

function repeat<T>(count: number, one: T): T[] {
  return Array.from({ length: count }, () => one);
}

/** A frame of `count` operations from number `first` on. */
function ops(count: number, operations: Writer, first = 1): HostileFrame {
  const writer = new Writer();
  writer.string(SCOPE);
  for (const number of [...OPS, first, count]) writer.uint(number);
  writer.raw(operations.view());
  return { kind: 'ops', scope: SCOPE, body: writer.finish() };
}

/** A frame with one operation. */
function operation(write: (writer: Writer) => void, number = 1): HostileFrame {
  const writer = new Writer();
  write(writer);
  writer.u8(END);
  return ops(1, writer, number);
}

/** A group of joins under one key. @param process How far the processes of two of them are apart */
function joins(
  writer: Writer,
  count: number,
  { shared, process }: { shared: boolean; process: number },
): void {
  writer.uint(count * 8 + (shared ? GROUP.joinOne : GROUP.join));
  writer.value('key');
  if (shared) writer.value(null);
  for (let at = 0; at < count; at += 1) {
    writer.uint(ONE_MORE);
    writer.uint(process);
    if (!shared) writer.value(null);
  }
}

/** A join of one entry. @param from How far its numbers are from those of the join before */
function join(
  writer: Writer,
  key: (writer: Writer) => void,
  value: (writer: Writer) => void,
  from = ONE_MORE,
): void {
  writer.uint(8 + GROUP.join);
  key(writer);
  writer.uint(from);
  writer.uint(from);
  value(writer);
}

const nothing = (writer: Writer): void => writer.value(null);

/** Values and keys of the largest size that consist of the same part over and over. */
function valueKinds(): HostileKind[] {
  const kind = (
    where: string,
    part: Part,
    around: string,
    frame: (value: (writer: Writer) => void, victim: string) => HostileFrame,
  ): HostileKind => {
    const valueOf = heaviest(part, AROUND[around]);
    return {
      name: `${where}, ${around} of ${part.name}`,
      frames: (bytes, victim) => {
        const value = valueOf(bytes - ROOM);
        return [frame((writer) => writer.raw(value), victim)];
      },
    };
  };
  return PARTS.flatMap((part) => [
    ...Object.keys(AROUND).map((around) =>
      kind('a payload', part, around, (value, victim) => bundle([castTo(victim, value)])),
    ),
    kind('a value of an entry', part, 'an array', (value) =>
      operation((writer) => join(writer, (at) => at.value('key'), value)),
    ),
    kind('a key of an entry', part, 'an array', (value) =>
      operation((writer) => join(writer, value, nothing)),
    ),
  ]);
}

/** As many operations as begin in 64 KB. */
function smallOperations(first: number, count = 9000): HostileFrame {
  const writer = new Writer();
  for (let at = 0; at < count; at += 1) {
    join(writer, (to) => to.value('k'), nothing, at === 0 ? first * ONE_MORE : ONE_MORE);
    writer.u8(END);
  }
  return ops(count, writer, first);
}

/** 64 KB of operations with keys of many elements. */
function longKeys(): HostileFrame {
  const writer = new Writer();
  let count = 0;
  for (; writer.length < 60_000; count += 1) {
    join(writer, (to) => to.value(Array.from({ length: 30 }, (_, at) => (at === 0 ? count : 1))), nothing);
    writer.u8(END);
  }
  return ops(count, writer);
}

const OPERATIONS: readonly HostileKind[] = [
  {
    name: 'an operation of joins of one process',
    frames: (bytes) => [operation((to) => joins(to, (bytes - ROOM) >> 1, { shared: true, process: 0 }))],
  },
  {
    name: 'an operation of joins of many processes',
    frames: (bytes) => [
      operation((to) => joins(to, (bytes - ROOM) >> 1, { shared: true, process: ONE_MORE })),
    ],
  },
  {
    name: 'an operation of joins of many keys',
    frames: (bytes) => [
      operation((to) => {
        for (let at = 0; to.length < bytes - ROOM; at += 1) join(to, (key) => key.value(at), nothing);
      }),
    ],
  },
  {
    name: 'an operation of leaves of what is not there',
    frames: (bytes) => [
      operation((to) => {
        to.uint((bytes - ROOM) * 8 + GROUP.leave);
        for (let at = ROOM; at < bytes; at += 1) to.uint(ONE_MORE);
      }),
    ],
  },
  {
    name: 'an operation of updates of what is not there',
    frames: (bytes) => [
      operation((to) => {
        to.uint((bytes - ROOM) * 8 + GROUP.updateOne);
        to.value(1);
        for (let at = ROOM; at < bytes; at += 1) to.uint(ONE_MORE);
      }),
    ],
  },
  { name: '64 KB of small operations', frames: () => [smallOperations(1)] },
  {
    name: '16 frames of 64 KB of small operations',
    frames: () => Array.from({ length: 16 }, (_, at) => smallOperations(1 + at * 9000)),
  },
  { name: '64 KB of operations with keys of 30 elements', frames: () => [longKeys()] },
];

/** So many entries with values of the largest size. */
const LARGE_ENTRIES = 8;

/** The end, by one operation, of entries with the largest values. @param write Writes what stands before the numbers of the entries */
function endOfLargeEntries(name: string, group: number, write: (writer: Writer) => void): HostileKind {
  const valueOf = heaviest(NUMBERS, AROUND['an array']);
  return {
    name,
    before: (bytes) =>
      Array.from({ length: LARGE_ENTRIES }, (_, at) =>
        operation((to) => {
          join(
            to,
            (key) => key.value('key'),
            (value) => value.raw(valueOf(bytes - ROOM)),
            ONE_MORE * (at + 1),
          );
        }, at + 1),
      ),
    frames: () => [
      operation((to) => {
        to.uint(LARGE_ENTRIES * 8 + group);
        write(to);
        for (let at = 0; at < LARGE_ENTRIES; at += 1) to.uint(ONE_MORE);
      }, LARGE_ENTRIES + 1),
    ],
  };
}

const ENDS: readonly HostileKind[] = [
  endOfLargeEntries('an operation of leaves of entries with large values', GROUP.leave, () => undefined),
  endOfLargeEntries('an operation of updates of entries with large values', GROUP.updateOne, nothing),
];

/** The end of a node with as many entries as 16 frames of 64 KB bring. */
const GONE: HostileKind = {
  name: 'a goodbye of a node with 144,000 entries',
  before: () => Array.from({ length: 16 }, (_, at) => smallOperations(1 + at * 9000)),
  frames: () => [{ kind: 'goodbye', body: new Uint8Array(0) }],
};

const CALLS: readonly HostileKind[] = [
  {
    name: '60 frames of 16 KB of casts',
    frames: (_, victim) => repeat(60, bundle(repeat(500, castTo(victim, nothing)))),
  },
  {
    name: '60 frames of 16 KB of casts for an earlier life',
    frames: () => repeat(60, bundle(repeat(500, castTo(OTHER_LIFE, nothing)))),
  },
  {
    name: '10,000 frames of one cast',
    frames: (_, victim) => repeat(10_000, bundle([castTo(victim, nothing)])),
  },
  {
    name: '60 frames of 16 KB of questions about calls that are not here',
    frames: () =>
      framesOfItems(ITEM.cancel, (writer, number) => {
        token(writer, number);
        writer.u8(2);
        writer.string('');
      }),
  },
  {
    name: '60 frames of 16 KB of calls to processes that are not here',
    frames: (_, victim) =>
      framesOfItems(ITEM.call, (writer, number) => {
        token(writer, number);
        writer.u8(0);
        writer.hex(victim);
        writer.uint(1_000_000 + number);
        writer.uint(1);
        writer.string('x');
        writer.value(null);
      }),
  },
  {
    name: '60 frames of 16 KB of watches of processes that are not here',
    frames: (_, victim) =>
      framesOfItems(ITEM.watch, (writer, number) => {
        writer.u8(0);
        writer.hex(victim);
        writer.uint(1_000_000 + number);
      }),
  },
];

const HELLOS: readonly HostileKind[] = [
  { name: 'a hello of 16,384 scopes', frames: () => [helloOfScopes()] },
];

/** All kinds that were found to cost much. */
export const KINDS: readonly HostileKind[] = [
  ...OPERATIONS,
  ...ENDS,
  GONE,
  ...LIVES_KINDS,
  ...LARGE_KEYS,
  ...CALLS,
  ...HELLOS,
  ...valueKinds(),
];
