import { Writer } from '../../../libs/pg-registry/src/wire';
import type { HostileFrame } from './victim';

const SCOPE = 'pg';
const GROUP = { join: 1, joinOne: 2, leave: 3, updateOne: 5 } as const;
const OPS = [1, 1] as const;
const END = 0;
const ONE_MORE = 2;

function op(number: number, write: (writer: Writer) => void): HostileFrame {
  const writer = new Writer();
  writer.string(SCOPE);
  for (const part of [...OPS, number, 1]) writer.uint(part);
  write(writer);
  writer.u8(END);
  return { kind: 'ops', scope: SCOPE, body: writer.finish() };
}

type KeyOf = (at: number) => unknown;
const parts =
  (count: number): KeyOf =>
  (at) =>
    Array.from({ length: count }, (_, i) => (i === 0 ? at : 1));
const text =
  (count: number): KeyOf =>
  (at) =>
    String(at) + 'x'.repeat(count);
const nested =
  (count: number): KeyOf =>
  (at) => [Array.from({ length: count }, (_, i) => (i === 0 ? at : 1))];
const bigint =
  (bytes: number): KeyOf =>
  (at) =>
    (1n << BigInt(8 * bytes)) + BigInt(at);

function joinOf(number: number, key: unknown, count: number): HostileFrame {
  return op(number, (to) => {
    to.uint(count * 8 + GROUP.joinOne);
    to.value(key as never);
    to.value(null);
    for (let i = 0; i < count; i += 1) {
      to.uint(i === 0 ? number * 4000 * ONE_MORE : ONE_MORE);
      to.uint(ONE_MORE);
    }
  });
}

/** What keys consist of, and how many of them a peer has. */
const KEYS: readonly (readonly [string, KeyOf, number])[] = [
  ['4,000 parts', parts(4000), 40],
  ['300 parts', parts(300), 500],
  ['60,000 characters', text(60_000), 200],
  ['600,000 characters', text(600_000), 20],
  ['a nested array of 20,000', nested(20_000), 20],
  ['a nested array of 1,000', nested(1000), 400],
  ['a bigint of 60,000 bytes', bigint(60_000), 200],
];

/** What a peer can do with entries that have large keys. */
export const LARGE_KEYS: readonly {
  readonly name: string;
  readonly before?: () => readonly HostileFrame[];
  readonly frames: () => readonly HostileFrame[];
}[] = KEYS.flatMap(([name, keyOf, count]) => [
  {
    name: `large key: ${name}: one join`,
    frames: () => [joinOf(1, keyOf(1), 1)],
  },
  {
    name: `large key: ${name}: one entry updated 2,000 times`,
    before: () => [joinOf(1, keyOf(1), 1)],
    frames: () => [
      op(2, (to) => {
        to.uint(2000 * 8 + GROUP.updateOne);
        to.value(7);
        for (let i = 0; i < 2000; i += 1) to.uint(i === 0 ? 4000 * ONE_MORE : 0);
      }),
    ],
  },
  {
    name: `large key: ${name}: ${count} entries leave`,
    before: () => Array.from({ length: count }, (_, i) => joinOf(i + 1, keyOf(i + 1), 1)),
    frames: () => [
      op(count + 1, (to) => {
        to.uint(count * 8 + GROUP.leave);
        for (let i = 0; i < count; i += 1) to.uint(4000 * ONE_MORE);
      }),
    ],
  },
  {
    name: `large key: ${name}: ${count} entries go with their node`,
    before: () => Array.from({ length: count }, (_, i) => joinOf(i + 1, keyOf(i + 1), 1)),
    frames: () => [{ kind: 'goodbye', body: new Uint8Array(0) }],
  },
  {
    name: `large key: ${name}: ${count} entries updated`,
    before: () => Array.from({ length: count }, (_, i) => joinOf(i + 1, keyOf(i + 1), 1)),
    frames: () => [
      op(count + 1, (to) => {
        to.uint(count * 8 + GROUP.updateOne);
        to.value(7);
        for (let i = 0; i < count; i += 1) to.uint(4000 * ONE_MORE);
      }),
    ],
  },
  {
    name: `large key: ${name}: 1,000 of each of two leave in turn`,
    before: () => [joinOf(1, keyOf(1), 1000), joinOf(2, keyOf(2), 1000)],
    frames: () => [
      op(3, (to) => {
        to.uint(2000 * 8 + GROUP.leave);
        for (let i = 0; i < 2000; i += 1)
          to.uint(i === 0 || i % 2 === 1 ? 4000 * ONE_MORE : 3999 * ONE_MORE - 1);
      }),
    ],
  },
]);
