import {
  decodeCancel,
  decodeReply,
  decodeRequest,
  encodeCancel,
  encodeReply,
  encodeRequest,
  readCancellation,
  readReply,
} from '../../../libs/pg-registry/src/calls/frames/call-frames';
import { readRequest } from '../../../libs/pg-registry/src/calls/frames/call-items';
import { readToken } from '../../../libs/pg-registry/src/calls/frames/call-token';
import { encodeExit, type ExitBody, readExit } from '../../../libs/pg-registry/src/calls/frames/exit-frames';
import {
  readDown,
  readWatch,
  writeDown,
  writeWatch,
} from '../../../libs/pg-registry/src/calls/monitors/watch-frames';
import { ManualTimers } from '../../../libs/pg-registry/src/calls/calls.fixture';
import { decodeProbeAnswer, encodeProbeAnswer, protocolOptions } from '../../../libs/pg-registry/src/cluster';
import { decodeHello, encodeHello } from '../../../libs/pg-registry/src/cluster/hello';
import * as replication from '../../../libs/pg-registry/src/replication/body';
import { ReplicationBudget } from '../../../libs/pg-registry/src/replication/budget';
import { readBundle } from '../../../libs/pg-registry/src/replication/bundle';
import { ChunkReader, readChunkHead } from '../../../libs/pg-registry/src/replication/chunk-body';
import { readOperations } from '../../../libs/pg-registry/src/replication/operations.fixture';
import { readerOf } from '../../../libs/pg-registry/src/replication/stream-deps';
import { DEFAULT_VALUE_LIMITS, Pid, PidInterner } from '../../../libs/pg-registry/src/term';
import {
  DecodeError,
  readIncarnation,
  Reader,
  type StreamKind,
  writeIncarnation,
  Writer,
} from '../../../libs/pg-registry/src/wire';
import { type FrameKind, FRAMES } from '../../../libs/pg-registry/src/wire/frame-kinds';

/** How a body is read, and written again. */
interface BodyCodec {
  /** @throws DecodeError if it is none */
  decode(body: Uint8Array, kind: FrameKind): unknown;
  /** Undefined: the body has no form of its own to be compared with. */
  encode?(decoded: never, kind: FrameKind): Uint8Array;
}

type BodyFile = Exclude<(typeof FRAMES)[FrameKind]['body'], undefined>;

/** Who sends the bodies. */
const OWNER = { node: 'm', incarnation: 'b'.repeat(16) };

const decoding = {
  pids: new PidInterner(),
  limits: DEFAULT_VALUE_LIMITS,
  node: 'v',
  incarnation: '0'.repeat(15) + '1',
  incarnationBytes: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1),
  timers: new ManualTimers(),
  readAt: undefined,
};

const streamDeps = { pids: decoding.pids, budget: new ReplicationBudget(protocolOptions()) };

const isStreamKind = (kind: FrameKind): kind is StreamKind => FRAMES[kind].room === 'replication';

/** One codec for each file of the table of frames: a new file does not compile without one here. */
const CODECS: Readonly<Record<BodyFile, BodyCodec>> = {
  'cluster/hello': { decode: decodeHello, encode: encodeHello },
  'cluster/liveness/liveness': {
    decode: (body) => whole(body, readIncarnation),
    encode: (incarnation: string) => written((writer) => writeIncarnation(writer, incarnation)),
  },
  'cluster/name-guard': {
    decode: (body) => whole(body, (reader) => [readIncarnation(reader), reader.uint()] as const),
    encode: ([incarnation, epoch]: readonly [string, number]) =>
      written((writer) => {
        writeIncarnation(writer, incarnation);
        writer.uint(epoch);
      }),
  },
  'cluster/liveness/probes': {
    decode: decodeProbeAnswer,
    encode: encodeProbeAnswer,
  },
  'cluster/drain': { decode: (body) => whole(body, (reader) => reader.u8()) },
  'replication/body': {
    decode: (body, kind) => {
      const reader = new Reader(body);
      const scope = reader.string(128);
      return isStreamKind(kind) ? [scope, ...decodeStream(readerOf(reader.rest(), streamDeps), kind)] : scope;
    },
  },
  'calls/frames/call-frames': {
    decode: (body, kind) => {
      if (kind === 'cancel') return decodeCancel(body);
      if (kind === 'reply') return decodeReply(body, decoding);
      return decodeRequest(kind === 'call' ? 'call' : 'cast', OWNER, body, decoding);
    },
    encode: (decoded: never, kind) => {
      if (kind === 'cancel') return encodeCancel(decoded);
      if (kind === 'reply')
        return encodeReply(
          (decoded as ReturnType<typeof decodeReply>).token,
          (decoded as ReturnType<typeof decodeReply>).reply,
        );
      const { to, token, message } = decoded as ReturnType<typeof decodeRequest>;
      return encodeRequest(to, message, token);
    },
  },
  'calls/monitors/watch-frames': {
    decode: (body, kind) => {
      const reader = new Reader(body, decoding);
      return kind === 'watch' ? readWatch(reader) : readDown(reader);
    },
    encode: (decoded: never, kind) =>
      written((writer) => (kind === 'watch' ? writeWatch(writer, decoded) : writeDown(writer, decoded))),
  },
  'calls/frames/line': {
    decode: (body) => {
      const reader = new Reader(body, decoding);
      const items: unknown[] = [];
      for (let kind = reader.nextItem(); kind !== undefined; kind = reader.nextItem())
        items.push(readItem(kind, reader));
      return items;
    },
  },
  'calls/frames/exit-frames': {
    decode: (body) => readExit(new Reader(body, decoding)),
    encode: ({ token, incarnation, id, reason }: ExitBody) =>
      encodeExit(token, new Pid(decoding.node, incarnation, id), reason),
  },
};

/** Reads one item of a bundle to its end. @throws DecodeError if it is none */
function readItem(kind: number, reader: Reader): unknown {
  switch (kind) {
    case FRAMES.call.number:
      return [readToken(reader), readRequest(reader, 'call', OWNER, decoding)];
    case FRAMES.cast.number:
      return readRequest(reader, 'cast', OWNER, decoding);
    case FRAMES.cancel.number:
      return [readToken(reader), readCancellation(reader)];
    case FRAMES.reply.number:
      return [readToken(reader), readReply(reader)];
    case FRAMES.watch.number:
      return readWatch(reader);
    case FRAMES.down.number:
      return readDown(reader);
    default:
      throw new DecodeError('An item of no kind.');
  }
}

function decodeStream(reader: Reader, kind: StreamKind): unknown[] {
  const { tag, run } = replication.openBody(reader, kind);
  const { TAG } = replication;
  switch (tag) {
    case TAG.ops:
      return [tag, run, readOperations(reader, replication.readOpsHead(reader), OWNER, decoding.pids)];
    case TAG.part:
      return [tag, run, replication.readPartHead(reader), reader.rest()];
    case TAG.tail:
      return [tag, run, replication.readTail(reader)];
    case TAG.repairAsk:
      return [tag, run, replication.readRepairAsk(reader)];
    case TAG.syncAsk:
      return [tag, run, replication.readSyncAsk(reader)];
    case TAG.chunk:
      return [tag, run, new ChunkReader(reader, readChunkHead(reader), OWNER, decoding.pids).next()];
    case TAG.bundle:
      return [
        tag,
        run,
        ...Array.from(
          readBundle(reader, run, (bytes) => readerOf(bytes, streamDeps)),
          (inner) => inner.tag,
        ),
      ];
    default:
      return [tag, run, replication.readApplied(reader)];
  }
}

function whole<T>(body: Uint8Array, read: (reader: Reader) => T): T {
  const reader = new Reader(body);
  const decoded = read(reader);
  reader.end();
  return decoded;
}

function written(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer();
  write(writer);
  return writer.finish();
}

/** A body that was read, and how it is written again. */
export interface DecodedBody {
  readonly decoded: unknown;
  /** Writes it again; undefined if there is no such way. */
  readonly encode: (() => Uint8Array) | undefined;
}

/** Reads the body of a kind of frame completely. @throws DecodeError if it is none */
export function decodeBody(kind: FrameKind, body: Uint8Array): DecodedBody {
  const file: BodyFile | undefined = FRAMES[kind].body;
  if (file === undefined) return { decoded: body.length, encode: undefined };
  const codec = CODECS[file];
  const decoded = codec.decode(body, kind);
  const isWritten = codec.encode !== undefined;
  return { decoded, encode: isWritten ? () => codec.encode!(decoded as never, kind) : undefined };
}

/** Whether an error is the one that decoding may throw. */
export function isDecodeError(error: unknown): boolean {
  return error instanceof DecodeError;
}
