import type { VirtualNode } from '../protocol/virtual-network.fixture';
import { MOST_ENTRIES } from '../table';
import type { Key, Value } from '../term';
import { Writer } from '../wire/codec';
import { startBody, TAG } from './body';
import { DeltaWriter } from './delta';
import { entriesOf, synced, takeEvents } from './synced-nodes.fixture';

/** The kinds of groups as they are written (`operation-body.ts`). */
const GROUP = { join: 1, joinOne: 2, leave: 3, update: 4, updateOne: 5 } as const;
/** The owner's own entries have the numbers of its joins; those of an honest node have the same, because each counts for itself. */
const [OWN, OWN_TOO, NEW] = [1, 2, 3];
const UNKNOWN = 900;

/** Writes the groups of one operation, whatever they say. */
class Operation {
  readonly #writer = new Writer();
  readonly #deltas = new DeltaWriter();

  /** A group of any kind: what is behind its head is up to the caller. */
  raw(kind: number, count: number, rest: (writer: Writer) => void = () => undefined): this {
    this.#writer.uint(count * 8 + kind);
    rest(this.#writer);
    return this;
  }

  join(key: Key, entries: readonly (readonly [number: number, id: number, value: Value])[]): this {
    return this.raw(GROUP.join, entries.length, (writer) => {
      writer.value(key);
      for (const [number, id, value] of entries) {
        this.#entry(writer, number, id);
        writer.value(value);
      }
    });
  }

  joinOne(key: Key, value: Value, entries: readonly (readonly [number: number, id: number])[]): this {
    return this.raw(GROUP.joinOne, entries.length, (writer) => {
      writer.value(key);
      writer.value(value);
      for (const [number, id] of entries) this.#entry(writer, number, id);
    });
  }

  leave(...numbers: readonly number[]): this {
    return this.raw(GROUP.leave, numbers.length, (writer) => {
      for (const number of numbers) this.#deltas.writeNumber(writer, number);
    });
  }

  update(...entries: readonly (readonly [number: number, value: Value])[]): this {
    return this.raw(GROUP.update, entries.length, (writer) => {
      for (const [number, value] of entries) {
        this.#deltas.writeNumber(writer, number);
        writer.value(value);
      }
    });
  }

  updateOne(value: Value, ...numbers: readonly number[]): this {
    return this.raw(GROUP.updateOne, numbers.length, (writer) => {
      writer.value(value);
      for (const number of numbers) this.#deltas.writeNumber(writer, number);
    });
  }

  /** The body of a frame with this operation. */
  body(number: number): Uint8Array {
    const writer = new Writer();
    startBody(writer, TAG.ops, 1);
    writer.uint(number);
    writer.uint(1);
    writer.raw(this.#writer.view());
    writer.u8(0);
    return writer.finish();
  }

  #entry(writer: Writer, number: number, id: number): void {
    this.#deltas.writeNumber(writer, number);
    // Pids are written as differences, too; whatever their ids are, they are of the owner.
    this.#deltas.writePid(writer, { id } as never);
  }
}

const of = (): Operation => new Operation();
const many = Array.from({ length: MOST_ENTRIES + 1 }, (_, at) => at);

/** What the owner has before: number 1 under `k` and 2 under `l`, both with value `old`. */
const BEFORE = { k: ['old'], l: ['old'] };

describe('An operation of a hostile owner', () => {
  let owner: VirtualNode;
  let receiver: VirtualNode;
  let network: ReturnType<typeof synced>['network'];
  let others: string;
  beforeEach(() => {
    const made = synced(['a', 'b', 'c']);
    network = made.network;
    const [a, b, c] = made.nodes;
    for (const node of [a, c]) for (const key of ['k', 'l']) node.join('s', key, 'old');
    network.run(100);
    [owner, receiver] = [a, b];
    others = entriesOf(b, c);
    takeEvents(receiver);
  });

  /** The values of the owner's entries at the receiver, by key. */
  const seen = (): Record<string, unknown[]> => {
    const found: Record<string, unknown[]> = {};
    for (const { key, pid, value } of receiver.table().rows())
      if (pid.incarnation === owner.incarnation)
        (found[typeof key === 'string' ? key : ''] ??= []).push(value);
    return found;
  };
  const send = (operation: Operation): void =>
    network.injectStream(owner, receiver, 'ops', operation.body(3));

  it.each<[string, Operation, Record<string, unknown[]>]>([
    ['joins a process under a number that it has used', of().join('m', [[OWN, 9, 'x']]), BEFORE],
    [
      'joins under a number below those that it has used',
      of().join('m', [
        [1, 9, 'x'],
        [NEW, 9, 'y'],
      ]),
      { ...BEFORE, m: ['y'] },
    ],
    [
      'joins twice under one number',
      of().join('m', [
        [NEW, 9, 'x'],
        [NEW, 9, 'y'],
      ]),
      { ...BEFORE, m: ['x'] },
    ],
    [
      'joins numbers that fall',
      of().join('m', [
        [9, 9, 'x'],
        [8, 9, 'y'],
      ]),
      { ...BEFORE, m: ['x'] },
    ],
    [
      'joins one process many times',
      of().joinOne('k', 'x', [
        [3, 1],
        [4, 1],
        [5, 1],
      ]),
      { k: ['old', 'x', 'x', 'x'], l: ['old'] },
    ],
    [
      'joins with one value under numbers that it has used',
      of().joinOne('m', 'x', [
        [OWN, 9],
        [OWN_TOO, 9],
      ]),
      BEFORE,
    ],
    ['lets entries leave that are not there', of().leave(UNKNOWN, UNKNOWN), BEFORE],
    ['lets an entry leave twice', of().leave(OWN, OWN), { l: ['old'] }],
    [
      'lets all leave and come again under their numbers',
      of()
        .leave(OWN, OWN_TOO)
        .join('k', [[OWN, 1, 'x']]),
      { k: ['x'] },
    ],
    ['updates entries that are not there', of().update([UNKNOWN, 'x']), BEFORE],
    ['updates an entry that it lets leave before', of().leave(OWN).update([OWN, 'x']), { l: ['old'] }],
    ['updates an entry twice', of().update([OWN, 'x'], [OWN, 'y']), { k: ['y'], l: ['old'] }],
    [
      'updates entries with one value, some of which are not there',
      of().updateOne('x', OWN, UNKNOWN, OWN_TOO),
      { k: ['x'], l: ['x'] },
    ],
    [
      'updates what it joins in the same operation',
      of()
        .join('m', [[NEW, 9, 'x']])
        .update([NEW, 'y']),
      { ...BEFORE, m: ['y'] },
    ],
    [
      'updates what it joins afterwards',
      of()
        .update([NEW, 'y'])
        .join('m', [[NEW, 9, 'x']]),
      { ...BEFORE, m: ['x'] },
    ],
  ])('that %s changes its own entries at most', (_, operation, expected) => {
    send(operation);
    expect(seen()).toEqual(expected);
    expect(entriesOf(receiver, network.nodes[2])).toBe(others);
    expect(receiver.warnings()).not.toContain('refused');
  });

  it.each<[string, Operation]>([
    ['of no group', of()],
    ['of a group of an unknown kind', of().raw(6, 1)],
    ['of the last kind that a head can have', of().raw(7, 1)],
    ['with a join of no entry', of().raw(GROUP.join, 0, (writer) => writer.value('k'))],
    ['with more joins than it has bytes', of().raw(GROUP.join, 1000, (writer) => writer.value('k'))],
    ['with more leaves than it has bytes', of().raw(GROUP.leave, 1000, (writer) => writer.uint(2))],
    ['with more updates than it has bytes', of().raw(GROUP.updateOne, 1000, (writer) => writer.value('x'))],
    ['that ends in a join', of().raw(GROUP.joinOne, 1, (writer) => writer.value('k'))],
    ['that ends in an update', of().raw(GROUP.update, 1, (writer) => writer.uint(2))],
    ['with a key that is none', of().raw(GROUP.join, 1, (writer) => writer.value(new Map() as never))],
    ['with a number below one', of().raw(GROUP.leave, 1, (writer) => writer.uint(1))],
    [
      'with a number above all',
      of().raw(GROUP.leave, 2, (writer) => {
        for (let at = 0; at < 2; at += 1) writer.uint(2 ** 53 - 2);
      }),
    ],
    [
      'with the id of a process below zero',
      of().raw(GROUP.join, 1, (writer) => {
        writer.value('k');
        writer.uint(6);
        writer.uint(1);
        writer.value(null);
      }),
    ],
  ])('%s is refused, and changes nothing', (_, operation) => {
    send(operation);
    expect(receiver.warnings()).toContain('refused');
    expect(takeEvents(receiver)).toEqual([]);
    expect(seen()).toEqual(BEFORE);
    expect(entriesOf(receiver, network.nodes[2])).toBe(others);
  });

  it.each<[string, Operation]>([
    [
      'joins',
      of().join(
        'm',
        many.map((at) => [NEW + at, at, null]),
      ),
    ],
    [
      'joins with one value',
      of().joinOne(
        'm',
        null,
        many.map((at) => [NEW + at, at]),
      ),
    ],
    ['leaves', of().leave(...many.map((at) => UNKNOWN + at))],
    ['updates', of().update(...many.map((at): [number, Value] => [UNKNOWN + at, null]))],
    ['updates with one value', of().updateOne(null, ...many.map((at) => UNKNOWN + at))],
    ['groups', many.reduce((operation, at) => operation.leave(UNKNOWN + at), of())],
  ])('of more than 2,000 entries is synced instead: %s', (_, operation) => {
    send(operation);
    expect(receiver.counts['resyncs-too-large']).toBe(1);
    expect(takeEvents(receiver)).toEqual([]);
    network.run(5000);
    expect(seen()).toEqual(BEFORE);
    expect(entriesOf(receiver, network.nodes[2])).toBe(others);
  });
});
