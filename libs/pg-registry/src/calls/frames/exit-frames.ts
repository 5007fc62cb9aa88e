import type { Pid, Value } from '../../term';
import { type Reader, Writer } from '../../wire';
import { type CallToken, readToken, writeToken } from './call-token';

/**
 * The body of an `exit` frame, from version 2 on: asks a node to end one of its processes. It travels on a subject of its own and never in a
 * bundle, so that a broker can forbid it. The answer is a `reply` item with the same token.
 *
 *     token · incarnation 8 bytes · id · reason
 */
export interface ExitBody {
  readonly token: CallToken;
  readonly incarnation: string;
  readonly id: number;
  readonly reason: Value;
}

const INCARNATION_BYTES = 8;

/** Encodes the request to end a process. */
export function encodeExit(token: CallToken, { incarnation, id }: Pid, reason: Value): Uint8Array {
  const writer = new Writer();
  writeToken(writer, token);
  writer.hex(incarnation);
  writer.uint(id);
  writer.value(reason);
  return writer.finish();
}

/** Reads to the end the request to end a process. @throws DecodeError for bytes that {@link encodeExit} does not write */
export function readExit(reader: Reader): ExitBody {
  const body = {
    token: readToken(reader),
    incarnation: reader.hex(INCARNATION_BYTES),
    id: reader.uint(),
    reason: reader.value(),
  };
  reader.end();
  return body;
}
