/**
 * The protocol of y-websocket: a frame is a message of `y-protocols/sync` or of `y-protocols/awareness`. Everything that a browser sends is
 * checked here, before it goes any further.
 */
import { createDecoder, readVarString, readVarUint, readVarUint8Array } from 'lib0/decoding';
import {
  createEncoder,
  type Encoder,
  toUint8Array,
  writeVarString,
  writeVarUint,
  writeVarUint8Array,
} from 'lib0/encoding';
import { decodeStateVector, decodeUpdate } from 'yjs';
import { MAX_PRESENCE_LENGTH, MAX_STATE_VECTOR_BYTES, MAX_UPDATE_BYTES } from '../documents/limits';
import type { Presence } from '../documents/messages';

/** What a browser says. */
export type ClientMessage =
  /** It has so much, and asks for the rest. */
  | { readonly type: 'sync'; readonly stateVector: Uint8Array }
  | { readonly type: 'update'; readonly update: Uint8Array }
  /** What it knows of clients, itself among them. */
  | { readonly type: 'presence'; readonly present: readonly Presence[] }
  /** Nothing that a server answers. */
  | { readonly type: 'other' };

/** A frame that is not of the protocol. */
export class ProtocolError extends Error {}

/** An update that is longer than a client may send at once. */
export class UpdateTooLargeError extends Error {}

const [SYNC, AWARENESS, AUTH, QUERY_AWARENESS] = [0, 1, 2, 3];
const [STEP_1, STEP_2, UPDATE] = [0, 1, 2];

/**
 * Reads one frame. The cost is linear in its bytes.
 *
 * @throws ProtocolError for anything that is not of the protocol, an update that Yjs cannot read among it; UpdateTooLargeError.
 */
export function readMessage(frame: Uint8Array): ClientMessage {
  try {
    const decoder = createDecoder(frame);
    const type = readVarUint(decoder);
    if (type === SYNC) return readSync(readVarUint(decoder), readVarUint8Array(decoder));
    if (type === AWARENESS) return { type: 'presence', present: readPresence(readVarUint8Array(decoder)) };
    if (type === AUTH || type === QUERY_AWARENESS) return { type: 'other' };
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof UpdateTooLargeError) throw error;
    throw new ProtocolError(`This frame cannot be read: ${(error as Error).message}`);
  }
  throw new ProtocolError('This frame is no message of y-websocket.');
}

function readSync(step: number, bytes: Uint8Array): ClientMessage {
  if (step === STEP_1) {
    if (bytes.length > MAX_STATE_VECTOR_BYTES)
      throw new ProtocolError(`A state vector has at most ${MAX_STATE_VECTOR_BYTES / 1024} KB.`);
    decodeStateVector(bytes);
    return { type: 'sync', stateVector: bytes };
  }
  if (step !== STEP_2 && step !== UPDATE) throw new ProtocolError('This frame is no message of y-websocket.');
  if (step === UPDATE && bytes.length > MAX_UPDATE_BYTES)
    throw new UpdateTooLargeError(`An update has at most ${MAX_UPDATE_BYTES / 1024 / 1024} MB.`);
  // Reads all of it, and makes room only for what is there: applying it would trust the numbers that it begins with.
  decodeUpdate(bytes);
  return { type: 'update', update: bytes };
}

function readPresence(bytes: Uint8Array): Presence[] {
  const decoder = createDecoder(bytes);
  const present: Presence[] = [];
  for (let left = readVarUint(decoder); left > 0; left -= 1) {
    const [client, clock] = [readVarUint(decoder), readVarUint(decoder)];
    const state = readVarString(decoder);
    if (typeof JSON.parse(state) !== 'object')
      throw new ProtocolError('The state of a client must be an object or null.');
    // The others may have longer ones, which this browser was never told.
    if (state.length <= MAX_PRESENCE_LENGTH) present.push({ client, clock, state });
  }
  return present;
}

/** Asks a browser for what the state vector lacks. */
export function syncStep1(stateVector: Uint8Array): Uint8Array {
  return sync(STEP_1, stateVector);
}

/** Answers a browser's step 1. */
export function syncStep2(update: Uint8Array): Uint8Array {
  return sync(STEP_2, update);
}

/** Tells a browser of a change. */
export function syncUpdate(update: Uint8Array): Uint8Array {
  return sync(UPDATE, update);
}

/** Tells a browser about clients. */
export function awareness(present: readonly Presence[]): Uint8Array {
  const content = createEncoder();
  writeVarUint(content, present.length);
  for (const { client, clock, state } of present) {
    writeVarUint(content, client);
    writeVarUint(content, clock);
    writeVarString(content, state);
  }
  const encoder = createEncoder();
  writeVarUint(encoder, AWARENESS);
  writeVarUint8Array(encoder, toUint8Array(content));
  return toUint8Array(encoder);
}

function sync(step: number, bytes: Uint8Array): Uint8Array {
  const encoder: Encoder = createEncoder();
  writeVarUint(encoder, SYNC);
  writeVarUint(encoder, step);
  writeVarUint8Array(encoder, bytes);
  return toUint8Array(encoder);
}
