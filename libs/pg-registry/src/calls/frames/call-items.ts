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
import { type CallChain, type ChainLink, MOST_LINKS } from '../delivery/call-chain';
import type { EntityAddress } from '../destinations/entity-name';

/**
 * The bodies of `call` and `cast` items, from version 2 on. A `call`, `cancel` or `reply` begins with the token of its call; what follows
 * in a `cancel` or `reply` is the same as in version 1.
 *
 *     kind and flags u8 · incarnation 8 bytes · id · caller's id · [remaining ms] · name · [traceparent · tracestate] · [headers] · payload
 *       · [number of links · for each: incarnation 8 bytes · id · delivery]
 *       · [type of an entity · its key · hops · passed]
 *
 * The last two are written to peers of version 3, because an older one reads no request with them.
 */

/** What reading a request takes. */
export interface ItemDecoding extends RequestDecoding {
  /** This node's. */
  readonly incarnation: string;
  /** The same as bytes: it is in most requests, and not made text of then. */
  readonly incarnationBytes: Uint8Array;
  /** When the first request of the frame was read; undefined before. The deadlines of all of them count from then on. */
  readAt: number | undefined;
}

const KIND = 0b11;
const HAS_DEADLINE = 0b100;
const HAS_TRACE = 0b1000;
const HAS_HEADERS = 0b10000;
const HAS_CHAIN = 0b100000;
const HAS_ENTITY = 0b1000000;
const ALL_FLAGS = KIND | HAS_DEADLINE | HAS_TRACE | HAS_HEADERS | HAS_CHAIN | HAS_ENTITY;
/** The first version of the protocol whose calls say who waits for them, and for which entity they are. */
const CHAINS = 3;
const INCARNATION_BYTES = 8;

/**
 * Writes a call, cast or message to a process.
 *
 * @param version In which the two nodes talk.
 */
export function writeRequest(
  writer: Writer,
  { incarnation, id }: Pid,
  message: Message,
  version: number,
): void {
  const { kind, caller, deadline, name, trace, headers, payload } = message;
  const hasHeaders = headers !== NO_HEADERS;
  const chain = version < CHAINS ? undefined : message.chain;
  const entity = version < CHAINS ? undefined : message.entity;
  const flags =
    (deadline === undefined ? 0 : HAS_DEADLINE) |
    (trace === undefined ? 0 : HAS_TRACE) |
    (hasHeaders ? HAS_HEADERS : 0) |
    (chain === undefined ? 0 : HAS_CHAIN) |
    (entity === undefined ? 0 : HAS_ENTITY);
  writer.u8(REQUEST_KINDS.indexOf(kind) | flags);
  writer.hex(incarnation);
  writer.uint(id);
  writer.uint(caller.id);
  if (deadline !== undefined)
    writer.uint(Math.min(MOST_REMAINING_MS, Math.max(1, Math.ceil(deadline.lookedMs))));
  writer.string(name);
  if (trace !== undefined) {
    writer.string(trace.traceparent);
    writer.string(trace.tracestate ?? '');
  }
  if (hasHeaders) writer.value(headers);
  writer.value(payload);
  if (chain !== undefined) writeChain(writer, chain);
  if (entity !== undefined) writeEntity(writer, entity);
}

/**
 * Reads to the end a call, cast or message of a node. Its deadline counts from the first one of the frame on.
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
  const { heapLeft, remaining } = reader;
  const head = reader.u8();
  const kind = REQUEST_KINDS[head & KIND];
  if (head > ALL_FLAGS || kind === undefined || (kind === 'call') !== (item === 'call'))
    throw new DecodeError(`A request of kind ${head} in a ${item}.`);
  const incarnation = reader.isNext(decoding.incarnationBytes)
    ? decoding.incarnation
    : reader.hex(INCARNATION_BYTES);
  const to = pids.intern(node, incarnation, reader.uint());
  const caller = pids.intern(from.node, from.incarnation, reader.uint());
  const deadline =
    head & HAS_DEADLINE
      ? new CallDeadline(reader.uint(), timers, (decoding.readAt ??= timers.now()))
      : undefined;
  const name = reader.string(MAX_NAME_BYTES);
  const trace = head & HAS_TRACE ? traceOf(reader.string(), reader.string()) : undefined;
  const headers = head & HAS_HEADERS ? readHeaders(reader) : NO_HEADERS;
  const payload = reader.value();
  const chain = head & HAS_CHAIN ? readChain(reader) : undefined;
  const entity = head & HAS_ENTITY ? readEntity(reader) : undefined;
  reader.end();
  const message = { kind, name, payload, caller, headers, trace, deadline, chain, entity };
  return { to, message, bytes: Math.max(remaining, heapLeft - reader.heapLeft) };
}

function writeChain(writer: Writer, chain: CallChain): void {
  writer.uint(chain.length);
  for (const { incarnation, id, delivery } of chain) {
    writer.hex(incarnation);
    writer.uint(id);
    writer.uint(delivery);
  }
}

function readChain(reader: Reader): CallChain {
  const count = reader.uint();
  if (count === 0 || count > MOST_LINKS) throw new DecodeError(`A chain of ${count} processes.`);
  const chain: ChainLink[] = [];
  for (let index = 0; index < count; index += 1) {
    chain.push({ incarnation: reader.hex(INCARNATION_BYTES), id: reader.uint(), delivery: reader.uint() });
  }
  return chain;
}

function writeEntity(writer: Writer, { type, key, hops, passed }: EntityAddress): void {
  writer.string(type);
  writer.value(key);
  writer.uint(hops);
  writer.uint(passed);
}

function readEntity(reader: Reader): EntityAddress {
  return {
    type: reader.string(MAX_NAME_BYTES),
    key: reader.key(),
    hops: reader.uint(),
    passed: reader.uint(),
  };
}

function readHeaders(reader: Reader): CallHeaders {
  const headers = reader.value();
  if (isHeaders(headers)) return headers;
  throw new DecodeError('Headers that are not a record of strings.');
}
