import { DecodeError, Reader, Writer } from '../wire';
import { isRecord, type PidInterner, type Value, type ValueLimits, type ValueRecord } from '../term';
import type { CallHeaders, TraceContext } from './call-context';

/**
 * The bodies of `call`, `cast`, `cancel` and `reply` frames, version 1. Whoever speaks stands in the envelope; the process
 * that is addressed is named by the incarnation of its node and its number, the one that asks by its number.
 */

/** The body of a `call` or `cast` frame. */
export interface RequestBody {
  readonly kind: 'call' | 'cast' | 'message';
  /** Incarnation and number of the process that is asked. */
  readonly incarnation: string;
  readonly id: number;
  /** Number of the process that asks. */
  readonly callerId: number;
  /** Comes back with the answer; 0 for what is not answered. */
  readonly token: number;
  /** How long the caller will wait, from when the frame was sent; 0 for what is not answered. */
  readonly remainingMs: number;
  readonly name: string;
  readonly headers: CallHeaders;
  readonly trace: TraceContext | undefined;
  readonly payload: Value;
}

/** The body of a `cancel` frame: the sender waits no longer for the call of this token. */
export interface CancelBody {
  readonly token: number;
  readonly cause: 'aborted' | 'timed-out';
  readonly message: string;
}

/** What became of an error on its way to another node. */
export interface ErrorForm {
  /** Whether it is one of this library's, which comes back as the same class. */
  readonly ownClass: boolean;
  readonly name: string;
  /** Empty if it had none. */
  readonly code: string;
  readonly message: string;
  /** Properties of an error of this library; empty for others. */
  readonly fields: ValueRecord;
  /** Empty unless the owner's node tells stacks. */
  readonly stack: string;
}

/** The body of a `reply` frame. */
export type ReplyBody =
  | { readonly token: number; readonly type: 'result'; readonly value: Value }
  | { readonly token: number; readonly type: 'error'; readonly executed: boolean; readonly error: ErrorForm }
  /** The process is one of an earlier incarnation of the node; nothing was executed. */
  | { readonly token: number; readonly type: 'stale' }
  /** The node is about to leave and takes no calls; nothing was executed. */
  | { readonly token: number; readonly type: 'draining' };

/** What reading values takes. */
export interface ValueReading {
  readonly pids: PidInterner;
  readonly limits: ValueLimits;
}

/** Names of handlers are at most so long. */
export const MAX_NAME_BYTES = 256;

const REQUEST_KINDS = ['call', 'cast', 'message'] as const;
const CAUSES = ['aborted', 'timed-out'] as const;
const REPLY_TYPES = ['result', 'error', 'stale', 'draining'] as const;
const INCARNATION_BYTES = 8;

/** For one frame after the other: with a Writer for each, whose memory lies outside of the heap, a call took 2 µs more. */
const shared = new Writer();

export function encodeRequest(body: RequestBody): Uint8Array {
  return written((writer) => {
    writer.u8(REQUEST_KINDS.indexOf(body.kind));
    writeTarget(writer, body.incarnation, body.id);
    writer.uint(body.callerId);
    writer.uint(body.token);
    writer.uint(body.remainingMs);
    writer.string(body.name);
    writer.string(body.trace?.traceparent ?? '');
    writer.string(body.trace?.tracestate ?? '');
    writer.value(body.headers);
    writer.value(body.payload);
  });
}

/** @throws DecodeError for bytes that {@link encodeRequest} does not write */
export function decodeRequest(bytes: Uint8Array, reading: ValueReading): RequestBody {
  const reader = new Reader(bytes, reading);
  const body = {
    kind: oneOf(REQUEST_KINDS, reader),
    ...readTarget(reader),
    callerId: reader.uint(),
    token: reader.uint(),
    remainingMs: reader.uint(),
    name: reader.string(MAX_NAME_BYTES),
    trace: readTrace(reader),
    headers: readHeaders(reader),
    payload: reader.value(),
  };
  reader.end();
  return body;
}

export function encodeCancel({ token, cause, message }: CancelBody): Uint8Array {
  return written((writer) => {
    writer.uint(token);
    writer.u8(CAUSES.indexOf(cause));
    writer.string(message);
  });
}

/** @throws DecodeError for bytes that {@link encodeCancel} does not write */
export function decodeCancel(bytes: Uint8Array): CancelBody {
  const reader = new Reader(bytes);
  const body = { token: reader.uint(), cause: oneOf(CAUSES, reader), message: reader.string() };
  reader.end();
  return body;
}

export function encodeReply(body: ReplyBody): Uint8Array {
  return written((writer) => {
    writer.uint(body.token);
    writer.u8(REPLY_TYPES.indexOf(body.type));
    if (body.type === 'result') writer.value(body.value);
    if (body.type === 'error') writeError(writer, body);
  });
}

/** @throws DecodeError for bytes that {@link encodeReply} does not write */
export function decodeReply(bytes: Uint8Array, reading: ValueReading): ReplyBody {
  const reader = new Reader(bytes, reading);
  const token = reader.uint();
  const body = readReply(reader, token, oneOf(REPLY_TYPES, reader));
  reader.end();
  return body;
}

/** The token of a request whose rest cannot be read; 0 if it wants no answer. @throws DecodeError */
export function requestToken(bytes: Uint8Array): number {
  const reader = new Reader(bytes);
  oneOf(REQUEST_KINDS, reader);
  readTarget(reader);
  reader.uint();
  return reader.uint();
}

/** The token of a reply whose rest cannot be read: its call is known to have been answered. @throws DecodeError */
export function replyToken(bytes: Uint8Array): number {
  return new Reader(bytes).uint();
}

/** Writes which process is meant: the incarnation of its node, and its number. */
export function writeTarget(writer: Writer, incarnation: string, id: number): void {
  writer.hex(incarnation);
  writer.uint(id);
}

/** Reads what {@link writeTarget} wrote. @throws DecodeError */
export function readTarget(reader: Reader): { incarnation: string; id: number } {
  return { incarnation: reader.hex(INCARNATION_BYTES), id: reader.uint() };
}

/** Reads a byte as the place of a word in a list. @throws DecodeError if there is none */
export function oneOf<T extends string>(words: readonly T[], reader: Reader): T {
  const word = words[reader.u8()];
  if (word === undefined) throw new DecodeError(`None of ${words.join(', ')}.`);
  return word;
}

/** What `write` writes, as bytes that nobody else writes to. */
function written(write: (writer: Writer) => void): Uint8Array {
  try {
    write(shared);
    return shared.finish();
  } finally {
    shared.reset();
  }
}

function readReply(reader: Reader, token: number, type: ReplyBody['type']): ReplyBody {
  if (type === 'result') return { token, type, value: reader.value() };
  if (type !== 'error') return { token, type };
  const executed = reader.u8() !== 0;
  const ownClass = reader.u8() !== 0;
  const [name, code, message] = [reader.string(), reader.string(), reader.string()];
  return {
    token,
    type,
    executed,
    error: { ownClass, name, code, message, fields: readRecord(reader), stack: reader.string() },
  };
}

function writeError(writer: Writer, { executed, error }: Extract<ReplyBody, { type: 'error' }>): void {
  writer.u8(executed ? 1 : 0);
  writer.u8(error.ownClass ? 1 : 0);
  writer.string(error.name);
  writer.string(error.code);
  writer.string(error.message);
  writer.value(error.fields);
  writer.string(error.stack);
}

function readTrace(reader: Reader): TraceContext | undefined {
  const [traceparent, tracestate] = [reader.string(), reader.string()];
  if (traceparent === '') return undefined;
  return Object.freeze(tracestate === '' ? { traceparent } : { traceparent, tracestate });
}

function readHeaders(reader: Reader): CallHeaders {
  const headers = reader.value();
  if (!isHeaders(headers)) throw new DecodeError('Headers that are no record of strings.');
  return headers;
}

/** Whether a value in normal form is a record of strings. */
export function isHeaders(value: Value): value is CallHeaders {
  return isRecord(value) && Object.values(value).every((header) => typeof header === 'string');
}

function readRecord(reader: Reader): ValueRecord {
  const record = reader.value();
  if (!isRecord(record)) throw new DecodeError('Fields that are no record.');
  return record;
}
