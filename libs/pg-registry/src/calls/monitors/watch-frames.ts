import { Reader, Writer } from '../../wire';
import type { Value } from '../../term';
import { oneOf, type ValueDecoding } from '../call-frames';

/**
 * The bodies of `watch` and `down` frames, version 1. A process is named by the incarnation of its node and its number.
 * Every word that must not be lost is said again until it is answered: `assert` by `watching` or `down`, `down` by
 * `release`, `again` by `asserted`.
 */

/** Who is meant. */
export interface Target {
  readonly incarnation: string;
  readonly id: number;
}

/** From the watching node. */
export type WatchBody =
  /** Tell me when this process ends. */
  | ({ readonly type: 'assert' } & Target)
  /** I know that it ended, or do not care any more. */
  | ({ readonly type: 'release' } & Target)
  /** All my watches were asserted again. */
  | { readonly type: 'asserted' };

/** From the node of the watched process. */
export type DownBody =
  /** You will be told. */
  | ({ readonly type: 'watching' } & Target)
  /** It has ended. */
  | ({ readonly type: 'down'; readonly reason: Value } & Target)
  /** I have forgotten your watches, because you seemed to be gone. Assert them again. */
  | { readonly type: 'again' };

const WATCH_TYPES = ['assert', 'release', 'asserted'] as const;
const DOWN_TYPES = ['watching', 'down', 'again'] as const;
const INCARNATION_BYTES = 8;

export function encodeWatch(body: WatchBody): Uint8Array {
  const writer = new Writer();
  writer.u8(WATCH_TYPES.indexOf(body.type));
  if (body.type !== 'asserted') writeTarget(writer, body);
  return writer.finish();
}

/** @throws DecodeError for bytes that {@link encodeWatch} does not write */
export function decodeWatch(bytes: Uint8Array): WatchBody {
  const reader = new Reader(bytes);
  const type = oneOf(WATCH_TYPES, reader);
  const body = type === 'asserted' ? { type } : { type, ...readTarget(reader) };
  reader.end();
  return body;
}

export function encodeDown(body: DownBody): Uint8Array {
  const writer = new Writer();
  writer.u8(DOWN_TYPES.indexOf(body.type));
  if (body.type !== 'again') writeTarget(writer, body);
  if (body.type === 'down') writer.value(body.reason);
  return writer.finish();
}

/** @throws DecodeError for bytes that {@link encodeDown} does not write */
export function decodeDown(bytes: Uint8Array, decoding: ValueDecoding): DownBody {
  const reader = new Reader(bytes, decoding);
  const type = oneOf(DOWN_TYPES, reader);
  const body = type === 'again' ? { type } : readDown(reader, type);
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

function readDown(reader: Reader, type: 'watching' | 'down'): DownBody {
  const target = readTarget(reader);
  return type === 'watching' ? { type, ...target } : { type, ...target, reason: reader.value() };
}
