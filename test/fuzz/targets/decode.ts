import { isDeepStrictEqual } from 'node:util';
import { incarnationOf } from '../../../libs/pg-registry/src/wire';
import { decodeFrame, encodeFrame } from '../../../libs/pg-registry/src/wire/frame';
import { FRAME_KINDS } from '../../../libs/pg-registry/src/wire/frame-kinds';
import { type Input, type Message, sizeOf } from '../engine/input';
import { Fault, type Target } from '../engine/target';
import { decodeBody, isDecodeError } from './bodies';
import { recordedMessages } from './recorded';

/** With an odd `how` the body is the whole frame, so that envelopes are mutated, too. */
const isWholeFrame = ({ how }: Message): boolean => how % 2 === 1;

const MOST_BYTES_TO_COMPARE = 512;

const SENDER = {
  node: 'm',
  incarnation: incarnationOf('m', 1),
  epoch: 1,
  version: 1,
  versions: { min: 1, max: 1 },
};

function frameOf(message: Message): Uint8Array {
  if (isWholeFrame(message)) return message.body;
  const kind = FRAME_KINDS[message.kind % FRAME_KINDS.length];
  return encodeFrame({ ...SENDER, kind }, message.body);
}

/** Reads a frame to its end. @throws DecodeError if it is none */
function readFrame(message: Message): void {
  const frame = decodeFrame(frameOf(message));
  const { decoded, encode } = decodeBody(frame.kind, frame.body);
  if (encode === undefined) return;
  const again = encode();
  const second = decodeBody(frame.kind, again);
  if (!isDeepStrictEqual(second.encode?.(), again))
    throw new Fault(`A ${frame.kind} frame is written in two ways.`);
  // It compares the members of Sets each with each.
  if (frame.body.length <= MOST_BYTES_TO_COMPARE && !isDeepStrictEqual(plain(second.decoded), plain(decoded)))
    throw new Fault(`A ${frame.kind} frame is another one when it is written and read again.`);
}

/** Without what differs from one reading to the next: deadlines, and what it took on its way, for names that were written out twice. */
function plain(decoded: unknown): unknown {
  const message = (decoded as { readonly message?: { readonly deadline?: unknown } } | undefined)?.message;
  if (typeof message !== 'object') return decoded;
  const deadline = message.deadline !== undefined;
  return { ...(decoded as object), bytes: undefined, message: { ...message, deadline } };
}

/** Decodes one frame of any kind. */
export const decodeTarget: Target = {
  name: 'decode',
  about:
    'one frame to the decoders: they throw nothing but DecodeError, and what they accept is written and read again as the same',
  kinds: FRAME_KINDS.map((_, number) => number),
  mostMessages: 1,
  bound: (input) => 2_000 + 150 * sizeOf(input),
  seeds: (): readonly Input[] => {
    const bodies = recordedMessages().map((message) => [message]);
    const frames = FRAME_KINDS.map((_, kind) => {
      const empty = { kind, how: 0, wait: 0, body: new Uint8Array(0) };
      return [{ ...empty, how: 1, body: frameOf(empty) }];
    });
    return [...bodies, ...frames];
  },
  read: (message) => {
    if (isWholeFrame(message)) decodeFrame(message.body);
    else decodeBody(FRAME_KINDS[message.kind % FRAME_KINDS.length], message.body);
  },
  run: ([message]) => {
    try {
      readFrame(message);
    } catch (error) {
      if (!isDecodeError(error)) throw error;
    }
  },
};
