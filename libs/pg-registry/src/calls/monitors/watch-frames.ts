import type { Reader, Writer } from '../../wire';
import type { Value } from '../../term';
import { oneOf } from '../frames/call-frames';

/**
 * What is said about monitors: the bodies of `watch` and `down` frames of version 1, and of the items of a bundle from version 2 on. A process is named by the incarnation of its node and its number. Frames that
 * must not be lost are sent again until they are acknowledged: `assert` by `watching` or `down`, `down` by `release`, `again` by
 * `asserted`.
 */

/** The process that a frame is about. */
export interface Target {
  readonly incarnation: string;
  readonly id: number;
}

/** What a watching node sends. */
export type WatchBody =
  /** The node wants to know when this process ends. */
  | ({ readonly type: 'assert' } & Target)
  /** The node knows that the process ended, or does not watch it any more. */
  | ({ readonly type: 'release' } & Target)
  /** The node has asserted all its watches again. */
  | { readonly type: 'asserted' };

/** What the node of a watched process sends. */
export type DownBody =
  /** The node will tell when the process ends. */
  | ({ readonly type: 'watching' } & Target)
  /** The process has ended. */
  | ({ readonly type: 'down'; readonly reason: Value } & Target)
  /** The node has forgotten the receiver's watches, because the receiver seemed to be gone: it asks to assert them again. */
  | { readonly type: 'again' };

const WATCH_TYPES = ['assert', 'release', 'asserted'] as const;
const DOWN_TYPES = ['watching', 'down', 'again'] as const;
const INCARNATION_BYTES = 8;

/** Writes what a watching node sends. */
export function writeWatch(writer: Writer, body: WatchBody): void {
  writer.u8(WATCH_TYPES.indexOf(body.type));
  if (body.type !== 'asserted') writeTarget(writer, body);
}

/** Reads to the end what a watching node sends. @throws DecodeError for bytes that {@link writeWatch} does not write */
export function readWatch(reader: Reader): WatchBody {
  const type = oneOf(WATCH_TYPES, reader);
  const body = type === 'asserted' ? { type } : { type, ...readTarget(reader) };
  reader.end();
  return body;
}

/** Writes what the node of a watched process sends. */
export function writeDown(writer: Writer, body: DownBody): void {
  writer.u8(DOWN_TYPES.indexOf(body.type));
  if (body.type !== 'again') writeTarget(writer, body);
  if (body.type === 'down') writer.value(body.reason);
}

/** Reads to the end what the node of a watched process sends. @throws DecodeError for bytes that {@link writeDown} does not write */
export function readDown(reader: Reader): DownBody {
  const type = oneOf(DOWN_TYPES, reader);
  const body = type === 'again' ? { type } : readTold(reader, type);
  reader.end();
  return body;
}

function writeTarget(writer: Writer, { incarnation, id }: Target): void {
  writer.hex(incarnation);
  writer.uint(id);
}

function readTarget(reader: Reader): Target {
  return { incarnation: reader.hex(INCARNATION_BYTES), id: reader.uint() };
}

function readTold(reader: Reader, type: 'watching' | 'down'): DownBody {
  const target = readTarget(reader);
  return type === 'watching' ? { type, ...target } : { type, ...target, reason: reader.value() };
}
