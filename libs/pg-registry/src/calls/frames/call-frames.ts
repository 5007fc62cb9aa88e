import { DecodeError, Reader, Writer } from '../../wire';
import {
  isRecord,
  type Pid,
  type PidInterner,
  type Value,
  type ValueLimits,
  type ValueRecord,
} from '../../term';
import type { Timers } from '../../lifetime';
import type { NodeIdentity } from './call-channel';
import type { CallHeaders, TraceContext } from '../call-context';
import { CallDeadline } from '../call-deadline';
import type { Message } from '../message';

/**
 * The bodies of `call`, `cast`, `cancel` and `reply` frames: version 1 of the protocol, which never changes. The envelope names the sender.
 * The body names the process that is addressed by the incarnation of its node and its number, the calling process by its number. What
 * version 2 says instead is in `call-items.ts`.
 */

/** A call, cast or message from another node. */
export interface Request {
  /** The process that is asked, of this node or of an earlier incarnation. */
  readonly to: Pid;
  readonly message: Message;
  /** What it took on its way, in bytes, or what it takes in memory if that is more: by the estimate of `HEAP_BYTES`. */
  readonly bytes: number;
}

/** The body of a `call` or `cast` frame. */
export interface RequestBody extends Request {
  /** Comes back with the reply; 0 if none is wanted. */
  readonly token: number;
}

/** Why the sender does not wait any more for a reply. */
export interface Cancellation {
  readonly cause: 'aborted' | 'timed-out' | 'asked-again';
  readonly message: string;
}

/** What travels of an error. */
export interface ErrorForm {
  /** Whether it is one of this library's: the caller gets the same class then. */
  readonly ownClass: boolean;
  readonly name: string;
  /** Empty if it had none. */
  readonly code: string;
  readonly message: string;
  /** Properties of an error of this library; empty for others. */
  readonly fields: ValueRecord;
  /** Empty unless the handler's node sends stacks. */
  readonly stack: string;
}

/** The body of a `cancel` frame: the sender does not wait any more for the reply with this token. */
export interface CancelBody extends Cancellation {
  readonly token: number;
}

/** The body of a `reply` frame. */
export interface ReplyBody {
  /** Of the request. */
  readonly token: number;
  readonly reply: Reply;
}

/** What a node replies to a call. */
export type Reply =
  | { readonly type: 'result'; readonly value: Value }
  /** `executed` tells whether the handler may have begun. */
  | { readonly type: 'error'; readonly executed: boolean; readonly error: ErrorForm }
  /** The process is one of an earlier incarnation of the node; nothing was executed. */
  | { readonly type: 'stale' }
  /** The node is about to leave and takes no calls; nothing was executed. */
  | { readonly type: 'draining' };

/** What decoding values takes. */
export interface ValueDecoding {
  readonly pids: PidInterner;
  readonly limits: ValueLimits;
  /** What one frame may be decoded to, in bytes of memory. Default: any. */
  readonly maxHeapBytes?: number;
}

/** What decoding requests takes. */
export interface RequestDecoding extends ValueDecoding {
  /** This node's name. */
  readonly node: string;
  /** Deadlines are kept in their time. */
  readonly timers: Timers;
}

/** The longest name of a handler, in bytes. */
export const MAX_NAME_BYTES = 256;

/** A message's kind is written as its index. */
export const REQUEST_KINDS = ['call', 'cast', 'message'] as const;
const CAUSES = ['aborted', 'timed-out', 'asked-again'] as const;
const REPLY_TYPES = ['result', 'error', 'stale', 'draining'] as const;
const INCARNATION_BYTES = 8;
/** More milliseconds than any timer of Node.js waits. A peer that gets more waits as long. */
export const MOST_REMAINING_MS = 2 ** 31 - 1;

function remainingOf({ lookedMs }: CallDeadline): number {
  return Math.min(MOST_REMAINING_MS, Math.max(1, Math.ceil(lookedMs)));
}

/** Instead of the remaining milliseconds. */
const NO_DEADLINE = 0;

/** One for all frames, because making one is slow: its memory lies outside of the heap. Reset before each frame. */
const writer = new Writer();

/** Writes a `call` or `cast` frame to a process. @param token 0 if no reply is wanted. */
export function encodeRequest({ incarnation, id }: Pid, message: Message, token: number): Uint8Array {
  const { kind, caller, deadline, name, trace, headers, payload } = message;
  writer.reset();
  writer.u8(REQUEST_KINDS.indexOf(kind));
  writer.hex(incarnation);
  writer.uint(id);
  writer.uint(caller.id);
  writer.uint(token);
  writer.uint(deadline === undefined ? NO_DEADLINE : remainingOf(deadline));
  writer.string(name);
  writer.string(trace?.traceparent ?? '');
  writer.string(trace?.tracestate ?? '');
  writer.value(headers);
  writer.value(payload);
  return writer.finish();
}

/**
 * Reads a `call` or `cast` frame of a node. The deadline counts from now on.
 *
 * @throws DecodeError for bytes that {@link encodeRequest} does not write
 */
export function decodeRequest(
  frame: 'call' | 'cast',
  from: NodeIdentity,
  bytes: Uint8Array,
  decoding: RequestDecoding,
): RequestBody {
  const reader = new Reader(bytes, decoding);
  const { heapLeft } = reader;
  const kind = oneOf(REQUEST_KINDS, reader);
  if ((kind === 'call') !== (frame === 'call')) throw new DecodeError(`A ${kind} in a frame for ${frame}s.`);
  const incarnation = reader.hex(INCARNATION_BYTES);
  const [id, callerId, token, remainingMs] = [reader.uint(), reader.uint(), reader.uint(), reader.uint()];
  const name = reader.string(MAX_NAME_BYTES);
  const [traceparent, tracestate] = [reader.string(), reader.string()];
  const trace = traceparent === '' ? undefined : traceOf(traceparent, tracestate);
  const headers = reader.value();
  if (!isHeaders(headers)) throw new DecodeError('Headers that are not a record of strings.');
  const payload = reader.value();
  reader.end();
  const { node, pids, timers } = decoding;
  const to = pids.intern(node, incarnation, id);
  const caller = pids.intern(from.node, from.incarnation, callerId);
  const deadline = remainingMs === NO_DEADLINE ? undefined : new CallDeadline(remainingMs, timers);
  return {
    to,
    token,
    message: { kind, name, payload, caller, headers, trace, deadline, chain: undefined, entity: undefined },
    bytes: Math.max(bytes.length, heapLeft - reader.heapLeft),
  };
}

/** Writes a `cancel` frame. */
export function encodeCancel({ token, ...cancellation }: CancelBody): Uint8Array {
  writer.reset();
  writer.uint(token);
  writeCancellation(writer, cancellation);
  return writer.finish();
}

/** Writes why nobody waits for a reply, in all versions. */
export function writeCancellation(to: Writer, { cause, message }: Cancellation): void {
  to.u8(CAUSES.indexOf(cause));
  to.string(message);
}

/** Reads a `cancel` frame. @throws DecodeError for bytes that {@link encodeCancel} does not write */
export function decodeCancel(bytes: Uint8Array): CancelBody {
  const reader = new Reader(bytes);
  return { token: reader.uint(), ...readCancellation(reader) };
}

/** Reads to the end why nobody waits for a reply, in all versions. @throws DecodeError for other bytes */
export function readCancellation(reader: Reader): Cancellation {
  const cancellation = { cause: oneOf(CAUSES, reader), message: reader.string() };
  reader.end();
  return cancellation;
}

/** Writes a `reply` frame. */
export function encodeReply(token: number, reply: Reply): Uint8Array {
  writer.reset();
  writer.uint(token);
  writeReply(writer, reply);
  return writer.finish();
}

/** Writes what a node replies, in all versions. */
export function writeReply(to: Writer, reply: Reply): void {
  to.u8(REPLY_TYPES.indexOf(reply.type));
  if (reply.type === 'result') to.value(reply.value);
  if (reply.type === 'error') writeError(to, reply);
}

/** Reads a `reply` frame. @throws DecodeError for bytes that {@link encodeReply} does not write */
export function decodeReply(bytes: Uint8Array, decoding: ValueDecoding): ReplyBody {
  const reader = new Reader(bytes, decoding);
  const token = reader.uint();
  return { token, reply: readReply(reader) };
}

/** Reads to the end what a node replies, in all versions. @throws DecodeError for bytes that {@link writeReply} does not write */
export function readReply(reader: Reader): Reply {
  const type = REPLY_TYPES[reader.u8()];
  let reply: Reply;
  if (type === undefined) throw new DecodeError('A reply of no type.');
  if (type === 'result') reply = { type, value: reader.value() };
  else if (type === 'error') reply = readError(reader);
  else reply = { type };
  reader.end();
  return reply;
}

/** Returns the token of a request or reply whose rest cannot be decoded; undefined if that cannot be read either. */
export function tokenOf(frame: 'call' | 'reply', bytes: Uint8Array): number | undefined {
  const reader = new Reader(bytes);
  try {
    if (frame === 'reply') return reader.uint();
    oneOf(REQUEST_KINDS, reader);
    reader.hex(INCARNATION_BYTES);
    reader.uint();
    reader.uint();
    return reader.uint();
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** Reads a byte as the index of a word in a list. @throws DecodeError if there is none */
export function oneOf<T extends string>(words: readonly T[], reader: Reader): T {
  const word = words[reader.u8()];
  if (word === undefined) throw new DecodeError(`A byte that stands for none of ${words.join(', ')}.`);
  return word;
}

function writeError(to: Writer, { executed, error }: Extract<Reply, { type: 'error' }>): void {
  to.u8(executed ? 1 : 0);
  to.u8(error.ownClass ? 1 : 0);
  to.string(error.name);
  to.string(error.code);
  to.string(error.message);
  to.value(error.fields);
  to.string(error.stack);
}

function readError(reader: Reader): Reply {
  const executed = reader.u8() !== 0;
  const ownClass = reader.u8() !== 0;
  const [name, code, message] = [reader.string(), reader.string(), reader.string()];
  const fields = reader.value();
  if (!isRecord(fields)) throw new DecodeError('Fields that are not a record.');
  const error = { ownClass, name, code, message, fields, stack: reader.string() };
  return { type: 'error', executed, error };
}

/** Returns the trace context of a request. */
export function traceOf(traceparent: string, tracestate: string): TraceContext {
  return Object.freeze(tracestate === '' ? { traceparent } : { traceparent, tracestate });
}

/** Returns whether a value in normal form is a record of strings. */
export function isHeaders(value: Value): value is CallHeaders {
  return isRecord(value) && Object.values(value).every((header) => typeof header === 'string');
}
