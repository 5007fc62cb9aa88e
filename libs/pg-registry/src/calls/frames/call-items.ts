import type { Pid } from '../../term';
import { DecodeError, type Reader, type Writer } from '../../wire';
import type { NodeIdentity } from './call-channel';
import { type CallHeaders, NO_HEADERS } from '../call-context';
import { CallDeadline } from '../call-deadline';
import {
  isHeaders,
  MAX_NAME_BYTES,
  MOST_REMAINING_MS,
  type Request,
  REQUEST_KINDS,
  type RequestDecoding,
  traceOf,
} from './call-frames';
import type { Message } from '../message';

/**
 * The bodies of `call` and `cast` items, from version 2 on. A `call`, `cancel` or `reply` begins with the token of its call; what follows
 * in a `cancel` or `reply` is the same as in version 1.
 *
 *     kind and flags u8 · incarnation 8 bytes · id · caller's id · [remaining ms] · name · [traceparent · tracestate] · [headers] · payload
 */

/** What reading a request takes. */
export interface ItemDecoding extends RequestDecoding {
  /** This node's. */
  readonly incarnation: string;
  /** The same as bytes: it is in most requests, and not made text of then. */
  readonly incarnationBytes: Uint8Array;
}

const KIND = 0b11;
const HAS_DEADLINE = 0b100;
const HAS_TRACE = 0b1000;
const HAS_HEADERS = 0b10000;
const ALL_FLAGS = KIND | HAS_DEADLINE | HAS_TRACE | HAS_HEADERS;
const INCARNATION_BYTES = 8;

/** Writes a call, cast or message to a process. */
export function writeRequest(writer: Writer, { incarnation, id }: Pid, message: Message): void {
  const { kind, caller, deadline, name, trace, headers, payload } = message;
  const hasHeaders = headers !== NO_HEADERS;
  const flags =
    (deadline === undefined ? 0 : HAS_DEADLINE) |
    (trace === undefined ? 0 : HAS_TRACE) |
    (hasHeaders ? HAS_HEADERS : 0);
  writer.u8(REQUEST_KINDS.indexOf(kind) | flags);
  writer.hex(incarnation);
  writer.uint(id);
  writer.uint(caller.id);
  if (deadline !== undefined)
    writer.uint(Math.min(MOST_REMAINING_MS, Math.max(1, Math.ceil(deadline.remainingMs))));
  writer.string(name);
  if (trace !== undefined) {
    writer.string(trace.traceparent);
    writer.string(trace.tracestate ?? '');
  }
  if (hasHeaders) writer.value(headers);
  writer.value(payload);
}

/**
 * Reads to the end a call, cast or message of a node. The deadline counts from now on.
 *
 * @throws DecodeError for bytes that {@link writeRequest} does not write
 */
export function readRequest(
  reader: Reader,
  item: 'call' | 'cast',
  from: NodeIdentity,
  decoding: ItemDecoding,
): Request {
  const { node, pids, timers } = decoding;
  const head = reader.u8();
  const kind = REQUEST_KINDS[head & KIND];
  if (head > ALL_FLAGS || kind === undefined || (kind === 'call') !== (item === 'call'))
    throw new DecodeError(`A request of kind ${head} in a ${item}.`);
  const incarnation = reader.isNext(decoding.incarnationBytes)
    ? decoding.incarnation
    : reader.hex(INCARNATION_BYTES);
  const to = pids.intern(node, incarnation, reader.uint());
  const caller = pids.intern(from.node, from.incarnation, reader.uint());
  const deadline = head & HAS_DEADLINE ? new CallDeadline(reader.uint(), timers) : undefined;
  const name = reader.string(MAX_NAME_BYTES);
  const trace = head & HAS_TRACE ? traceOf(reader.string(), reader.string()) : undefined;
  const headers = head & HAS_HEADERS ? readHeaders(reader) : NO_HEADERS;
  const payload = reader.value();
  reader.end();
  return { to, message: { kind, name, payload, caller, headers, trace, deadline } };
}

function readHeaders(reader: Reader): CallHeaders {
  const headers = reader.value();
  if (isHeaders(headers)) return headers;
  throw new DecodeError('Headers that are not a record of strings.');
}
