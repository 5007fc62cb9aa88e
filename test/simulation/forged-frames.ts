import {
  decodeFrame,
  encodeFrame,
  type Frame,
  type FrameKind,
  Writer,
} from '../../libs/pg-registry/src/wire';
import { writeIncarnation } from '../../libs/pg-registry/src/wire/frame';
import { decodeHello, encodeHello } from '../../libs/pg-registry/src/cluster/hello';
import { startBody, TAG, TAGS_OF } from '../../libs/pg-registry/src/replication/body';
import type { SeededRandom } from '../support/seeded-random';
import { SCOPE_NAMES } from './simulated-node';

/** A frame that the adversary captured. */
export interface CapturedFrame {
  readonly subject: string;
  readonly bytes: Uint8Array;
}

/** A frame that the adversary is going to send. */
export interface ForgedFrame {
  readonly kind: FrameKind;
  readonly body: Uint8Array;
}

/** Kinds that do no harm when replayed while their sender lives. All other kinds answer a question of their time. */
export const REPLAYABLE: ReadonlySet<FrameKind> = new Set(['hello', 'discover', 'suspect', 'ops']);

const HUGE = [2 ** 31, 2 ** 40, 2 ** 52 - 1, 2 ** 53 - 1];
const RUNS = 4;

const decoded = new WeakMap<Uint8Array, Frame>();

/** Decodes a captured frame, whose bytes never change. */
export function decodeCaptured(bytes: Uint8Array): Frame {
  let frame = decoded.get(bytes);
  if (frame === undefined) decoded.set(bytes, (frame = decodeFrame(bytes)));
  return frame;
}

/** Encodes a frame with any body. */
export function encodeForged(envelope: Omit<Frame, 'body'>, body: Uint8Array): Uint8Array {
  return encodeFrame(envelope, body);
}

/** Makes bodies that declare more than they hold, or more than any body can hold. */
export function oversizedBodies(random: SeededRandom): ForgedFrame[] {
  const huge = random.pick(HUGE);
  const scope = random.pick(SCOPE_NAMES);
  const numbers = (...all: number[]): Uint8Array => bodyOf((writer) => all.forEach((n) => writer.uint(n)));
  const kinds = ['ops', 'repair', 'sync', 'applied'] as const;
  return [
    { kind: 'hello', body: numbers(1, 0, 0, huge, huge, 0, 1, huge) },
    { kind: 'stale', body: numbers(huge, huge) },
    { kind: random.pick(['suspect', 'drain']), body: numbers(huge) },
    ...kinds.map((kind) => {
      const tag = random.pick(TAGS_OF[kind]);
      return { kind, body: streamBody(scope, tag, 1 + random.below(2), [huge, huge, huge, huge]) };
    }),
  ];
}

/** Makes well-formed frames with false claims about scopes, suspects, epochs, gaps and applied operations. */
export function falseClaims(random: SeededRandom, incarnation: string, epoch: number): ForgedFrame[] {
  const number = (): number => (random.chance(0.2) ? random.pick(HUGE.slice(0, 3)) : random.below(40));
  const scope = random.pick(SCOPE_NAMES);
  const stream = (kind: FrameKind, tag: number, numbers: number[]): ForgedFrame => ({
    kind,
    body: streamBody(scope, tag, random.below(RUNS), numbers),
  });
  const from = number();
  return random.pick<() => ForgedFrame[]>([
    () => [{ kind: 'hello', body: hello(random) }],
    () => [{ kind: 'suspect', body: bodyOf((w) => writeIncarnation(w, incarnation)) }],
    () => {
      const claimed = random.pick([epoch, epoch + 1e6, epoch * 1000, 2 ** 52 - 1, 2 ** 52]);
      const about = (w: Writer): void => {
        writeIncarnation(w, incarnation);
        w.uint(claimed);
      };
      return [{ kind: 'stale', body: bodyOf(about) }];
    },
    () => [{ kind: 'discover', body: new Uint8Array(0) }],
    () => (random.chance(0.1) ? [{ kind: 'goodbye', body: new Uint8Array(0) }] : []),
    () => [{ kind: 'drain', body: Uint8Array.of(random.below(3)) }],
    () => [stream('ops', TAG.tail, [random.below(10), number()])],
    () => [stream('repair', TAG.repairAsk, [from, from + number()])],
    () => [stream('sync', TAG.syncAsk, [number(), number(), number(), number()])],
    () => [stream('applied', TAG.appliedAnswer, [number()])],
    () => [stream('applied', TAG.appliedAsk, [number()])],
  ])();
}

/** Makes pieces of one operation that never is complete. */
export function pieces(random: SeededRandom): Uint8Array[] {
  const scope = random.pick(SCOPE_NAMES);
  const parts = random.pick([2 ** 12, 2 ** 20, 2 ** 40]);
  const number = 1 + random.below(2000);
  const piece = new Uint8Array(random.pick([0, 1, 1, 50]));
  return Array.from({ length: 100 }, (_, index) =>
    streamBody(scope, TAG.part, 1 + random.below(2), [number, index, parts], piece),
  );
}

/** A value of 4 KB on the wire that takes some 50 times as much in memory. */
export function heavyValue(): readonly (readonly never[])[] {
  return Array.from({ length: 4000 }, () => []);
}

/** What a node last said of one of its scopes. */
export interface KnownScope {
  readonly scope: string;
  readonly run: number;
  /** Its latest operation. */
  readonly last: number;
}

/** Returns the scopes that a hello names; none if the frame is no hello. */
export function scopesOf(frame: Frame): readonly KnownScope[] {
  if (frame.kind !== 'hello') return [];
  return decodeHello(frame.body).running.map(({ name, run, last }) => ({ scope: name, run, last }));
}

/** A question to be sent again and again. */
export interface RepeatedAsk {
  readonly kind: FrameKind;
  /** @param time Rises with every question of an adversary. */
  readonly body: (time: number) => Uint8Array;
}

/** Makes one kind of question that costs its receiver more than its sender. @param known What the receiver said of a scope */
export function repeatedAsk(
  random: SeededRandom,
  victim: string,
  known: KnownScope | undefined,
): RepeatedAsk {
  const { scope, run, last } = known ?? { scope: random.pick(SCOPE_NAMES), run: 1, last: 20 };
  const back = random.pick([1, 5, 20, 100]);
  const stream = (kind: FrameKind, tag: number, numbers: (time: number) => number[]): RepeatedAsk => ({
    kind,
    body: (time) => streamBody(scope, tag, run, numbers(time)),
  });
  return random.weighted([
    // Each begins elsewhere than the one before, so that none is taken for the same question again.
    [3, stream('repair', TAG.repairAsk, (time) => [Math.max(1, last - back) + (time % 2), last + 1])],
    [3, stream('sync', TAG.syncAsk, (time) => [1000 + time, 1_000_000 + time, 0, 100])],
    [1, { kind: 'discover', body: () => new Uint8Array(0) }],
    [1, { kind: 'hello', body: (time) => hello(random, 1_000_000 + time) }],
    [1, { kind: 'stale', body: (time) => bodyOf((w) => writeStale(w, victim, time)) }],
    [1, { kind: 'suspect', body: () => bodyOf((w) => writeIncarnation(w, victim)) }],
  ]);
}

function writeStale(writer: Writer, victim: string, time: number): void {
  writeIncarnation(writer, victim);
  writer.uint(1_700_000_010_000_000 + time);
}

function hello(random: SeededRandom, beat?: number): Uint8Array {
  const pages = 1 + random.below(3);
  const running = Array.from({ length: random.below(20) }, () => ({
    name: random.chance(0.5) ? random.pick(SCOPE_NAMES) : `made up ${random.below(1e6)}`,
    keys: random.pick(['duplicate', 'unique'] as const),
    run: random.below(RUNS),
    last: random.below(100),
    count: random.below(100),
    hashHigh: random.below(2 ** 32),
    hashLow: random.below(2 ** 32),
  }));
  return encodeHello({
    beat: beat ?? (random.chance(0.1) ? 2 ** 53 - 1 : random.below(200)),
    discover: beat !== undefined || random.chance(0.3),
    draining: random.chance(0.2),
    serverId: 'made up',
    revision: random.below(20),
    since: random.chance(0.5) ? undefined : random.below(20),
    page: random.below(pages),
    pages,
    running,
    stopped: random.chance(0.3) ? [...SCOPE_NAMES] : [],
  });
}

function streamBody(
  scope: string,
  tag: number,
  run: number,
  numbers: readonly number[],
  rest: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const body = new Writer();
  startBody(body, tag, run);
  for (const number of numbers) body.uint(number);
  return bodyOf((writer) => {
    writer.string(scope);
    writer.raw(body.finish());
    writer.raw(rest);
  });
}

function bodyOf(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer();
  write(writer);
  return writer.finish();
}
