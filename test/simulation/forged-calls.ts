import { FRAMES, Writer } from '../../libs/pg-registry/src/wire';
import { NO_HEADERS } from '../../libs/pg-registry/src/calls/call-context';
import { encodeReply, type Reply, writeReply } from '../../libs/pg-registry/src/calls/frames/call-frames';
import { writeRequest } from '../../libs/pg-registry/src/calls/frames/call-items';
import { type CallToken, textOfToken, writeToken } from '../../libs/pg-registry/src/calls/frames/call-token';
import { type Target, writeDown, writeWatch } from '../../libs/pg-registry/src/calls/monitors/watch-frames';
import { type Pid, PidInterner, type Value } from '../../libs/pg-registry/src/term';
import { CREDIT, REQUEST, VALUES } from '../../libs/pg-registry/src/microservice/rpc-message';
import type { SeededRandom } from '../support/seeded-random';

/** Small enough for the smallest frame of any node. */
const MOST_ITEMS = 40;
/** Numbers of most calls of honest nodes are below this. */
const NUMBERS = 30;
/** Processes of honest nodes that are called and watched have numbers below this. */
const PROCESS_IDS = 6;
const BITS_32 = 2 ** 32;

/** Makes bundles of calls and casts that are never answered soon, some of them of streams that the adversary has no part in. */
export function callFlood(random: SeededRandom, victim: string, other: string, caller: Pid): Uint8Array[] {
  const pids = new PidInterner();
  const payload = (): Value =>
    random.pick<() => Value>([
      () => null,
      () => 'x'.repeat(random.below(60)),
      () => ({ stream: random.below(NUMBERS), upTo: random.pick([NaN, -1, 2 ** 53, Infinity]) }),
      () => {
        const from = pids.intern('a', other, random.below(NUMBERS));
        return { id: random.below(NUMBERS), ahead: 0, values: [1], from, stream: 1 };
      },
      () => ({ pattern: 'p', data: 1, id: 1, replyTo: pids.intern('a', other, 1) }),
    ])();
  const item = (): Uint8Array => {
    const kind = random.pick(['call', 'call', 'cast'] as const);
    const name = random.pick(['wait', VALUES, CREDIT, REQUEST]);
    const to = pids.intern('victim', victim, random.below(5));
    const message = { kind, name, payload: payload(), caller, headers: NO_HEADERS };
    return itemOf(FRAMES[kind].number, (writer) => {
      if (kind === 'call') writeToken(writer, randomToken(random));
      writeRequest(
        writer,
        to,
        { ...message, trace: undefined, deadline: undefined, chain: undefined, entity: undefined },
        3,
      );
    });
  };
  return Array.from({ length: 3 + random.below(20) }, () => bundleOf(MOST_ITEMS, item));
}

/** Makes bundles with answers to calls of others, cancellations of them, and ends of processes of others. */
export function guessedAnswers(random: SeededRandom, other: string): Uint8Array[] {
  const items: readonly (() => Uint8Array)[] = [
    () =>
      itemOf(FRAMES.reply.number, (writer) => {
        writeToken(writer, randomToken(random));
        if (random.chance(0.2)) writer.u8(77);
        else writeReply(writer, guessedReply(random));
      }),
    () =>
      itemOf(FRAMES.cancel.number, (writer) => {
        writeToken(writer, randomToken(random));
        writer.u8(random.below(3));
        writer.string('guessed');
      }),
    () =>
      itemOf(FRAMES.down.number, (writer) =>
        writeDown(writer, { type: 'down', ...randomTarget(random, other), reason: 'noconnection' }),
      ),
  ];
  const item = (): Uint8Array => random.pick(items)();
  return [bundleOf(MOST_ITEMS, item), bundleOf(MOST_ITEMS, item)];
}

/** Makes an answer of version 1, and the token of the subject that it goes to. */
export function guessedSubject(random: SeededRandom): { readonly token: string; readonly body: Uint8Array } {
  const token = randomToken(random);
  return { token: textOfToken(token), body: encodeReply(token.number, guessedReply(random)) };
}

/** Makes bundles of watches of processes, most of which are not there. */
export function watchFlood(random: SeededRandom, victim: string): Uint8Array[] {
  const most = random.pick([5, 250]);
  const item = (): Uint8Array =>
    itemOf(FRAMES.watch.number, (writer) => {
      const type = random.weighted([
        [8, 'assert'],
        [1, 'release'],
        [1, 'asserted'],
      ] as const);
      writeWatch(writer, { type, incarnation: victim, id: random.below(most) });
    });
  return Array.from({ length: 1 + random.below(10) }, () => bundleOf(MOST_ITEMS, item));
}

function guessedReply(random: SeededRandom): Reply {
  return random.pick<Reply>([
    { type: 'result', value: [random.below(NUMBERS), 0] },
    { type: 'stale' },
    { type: 'draining' },
  ]);
}

function randomToken(random: SeededRandom): CallToken {
  const bits = (): number => random.pick([0, 1, random.below(BITS_32)]);
  return { number: random.below(NUMBERS), high: bits(), low: bits() };
}

function randomTarget(random: SeededRandom, incarnation: string): Target {
  return { incarnation, id: random.below(PROCESS_IDS) };
}

function bundleOf(count: number, item: () => Uint8Array): Uint8Array {
  const writer = new Writer();
  for (let items = 0; items < count; items += 1) writer.raw(item());
  return writer.finish();
}

function itemOf(kind: number, write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer();
  writer.u8(kind);
  const start = writer.startPart();
  write(writer);
  writer.u32(writer.length - start, start - 4);
  return writer.finish();
}
