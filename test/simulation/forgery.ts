import {
  decodeFrame,
  encodeFrame,
  type Frame,
  type FrameKind,
  Writer,
} from '../../libs/pg-registry/src/wire';
import { writeIncarnation } from '../../libs/pg-registry/src/wire/frame';
import { encodeHello } from '../../libs/pg-registry/src/cluster/hello';
import { startBody, TAG, TAGS_OF } from '../../libs/pg-registry/src/replication/body';
import type { Dice } from './dice';
import { SCOPE_NAMES } from './simulated-node';

/** A frame that somebody heard. */
export interface Overheard {
  readonly subject: string;
  readonly bytes: Uint8Array;
}

/** A frame that is to be said. */
export interface Saying {
  readonly kind: FrameKind;
  readonly body: Uint8Array;
}

/** Words of the living that do no harm said again, in whosever name: all others are answers to a question of their time. */
export const REPLAYABLE: ReadonlySet<FrameKind> = new Set(['hello', 'discover', 'suspect', 'ops']);

const HUGE = [2 ** 31, 2 ** 40, 2 ** 52 - 1, 2 ** 53 - 1];
const RUNS = 4;

/** Takes a faithful frame apart. */
export function envelopeOf(bytes: Uint8Array): Frame {
  return decodeFrame(bytes);
}

/** Puts a body into an envelope, whatever it says. */
export function seal(envelope: Omit<Frame, 'body'>, body: Uint8Array): Uint8Array {
  return encodeFrame(envelope, body);
}

/** Bodies that declare more than they hold, or more than there can be. */
export function hugeBodies(dice: Dice): Saying[] {
  const huge = dice.pick(HUGE);
  const scope = dice.pick(SCOPE_NAMES);
  const numbers = (...all: number[]): Uint8Array => bodyOf((writer) => all.forEach((n) => writer.uint(n)));
  const kinds = ['ops', 'repair', 'sync', 'applied'] as const;
  return [
    { kind: 'hello', body: numbers(1, 0, 0, huge, huge, 0, 1, huge) },
    { kind: 'stale', body: numbers(huge, huge) },
    { kind: dice.pick(['suspect', 'drain']), body: numbers(huge) },
    ...kinds.map((kind) => {
      const tag = dice.pick(TAGS_OF[kind]);
      return { kind, body: streamBody(scope, tag, 1 + dice.below(2), [huge, huge, huge, huge]) };
    }),
  ];
}

/** Well-formed words that are not true: of scopes, suspicions, epochs, gaps, and that all is applied. */
export function lies(dice: Dice, incarnation: string, epoch: number): Saying[] {
  const number = (): number => (dice.chance(0.2) ? dice.pick(HUGE.slice(0, 3)) : dice.below(40));
  const scope = dice.pick(SCOPE_NAMES);
  const stream = (kind: FrameKind, tag: number, numbers: number[]): Saying => ({
    kind,
    body: streamBody(scope, tag, dice.below(RUNS), numbers),
  });
  const from = number();
  return dice.pick<() => Saying[]>([
    () => [{ kind: 'hello', body: hello(dice) }],
    () => [{ kind: 'suspect', body: bodyOf((w) => writeIncarnation(w, incarnation)) }],
    () => {
      const claimed = dice.pick([epoch, epoch + 1e6, epoch * 1000, 2 ** 52 - 1, 2 ** 52]);
      const about = (w: Writer): void => {
        writeIncarnation(w, incarnation);
        w.uint(claimed);
      };
      return [{ kind: 'stale', body: bodyOf(about) }];
    },
    () => [{ kind: 'discover', body: new Uint8Array(0) }],
    () => (dice.chance(0.1) ? [{ kind: 'goodbye', body: new Uint8Array(0) }] : []),
    () => [{ kind: 'drain', body: Uint8Array.of(dice.below(3)) }],
    () => [stream('ops', TAG.tail, [dice.below(10), number()])],
    () => [stream('repair', TAG.repairAsk, [from, from + number()])],
    () => [stream('sync', TAG.syncAsk, [number(), number(), number(), number()])],
    () => [stream('applied', TAG.appliedAnswer, [number()])],
    () => [stream('applied', TAG.appliedAsk, [number()])],
  ])();
}

function hello(dice: Dice): Uint8Array {
  const pages = 1 + dice.below(3);
  const running = Array.from({ length: dice.below(20) }, () => ({
    name: dice.chance(0.5) ? dice.pick(SCOPE_NAMES) : `made up ${dice.below(1e6)}`,
    keys: dice.pick(['duplicate', 'unique'] as const),
    run: dice.below(RUNS),
    last: dice.below(100),
    count: dice.below(100),
    hashHigh: dice.below(2 ** 32),
    hashLow: dice.below(2 ** 32),
  }));
  return encodeHello({
    beat: dice.chance(0.1) ? 2 ** 53 - 1 : dice.below(200),
    discover: dice.chance(0.3),
    draining: dice.chance(0.2),
    serverId: 'made up',
    revision: dice.below(20),
    since: dice.chance(0.5) ? undefined : dice.below(20),
    page: dice.below(pages),
    pages,
    running,
    stopped: dice.chance(0.3) ? [...SCOPE_NAMES] : [],
  });
}

function streamBody(scope: string, tag: number, run: number, numbers: readonly number[]): Uint8Array {
  const body = new Writer();
  startBody(body, tag, run);
  for (const number of numbers) body.uint(number);
  return bodyOf((writer) => {
    writer.string(scope);
    writer.raw(body.finish());
  });
}

function bodyOf(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer();
  write(writer);
  return writer.finish();
}
