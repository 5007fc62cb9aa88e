import { MAC_BYTES } from './message-mac';

/**
 * The form of a signed message:
 *
 *     'P' 'S' · form u8 (1) · length u8 and ASCII of the key id · session 8 bytes · number 6 bytes · signed at 6 bytes · MAC 16 bytes · content
 *
 * Everything before the MAC is its head. Numbers are big-endian; `signed at` is in milliseconds since 1970.
 */

const MAGIC_P = 0x50;
const MAGIC_S = 0x53;
const FORM = 1;
const BEFORE_ID = 4;
/** The bytes of a session. */
export const SESSION_BYTES = 8;
const UINT_BYTES = 6;

/** What a signed message says beside its content. */
export interface Signature {
  readonly keyId: string;
  /** One connection of its sender. */
  readonly session: string;
  /** Its number within the session, from 1. */
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly signedAt: number;
}

/** A signed message taken apart; its parts are views into its bytes. Nothing is proved yet. */
export interface SignedMessage extends Signature {
  readonly head: Uint8Array;
  readonly mac: Uint8Array;
  readonly content: Uint8Array;
}

/** How many bytes a signature adds to a message. */
export function signatureBytes(keyId: string): number {
  return headBytes(keyId.length) + MAC_BYTES;
}

/** Writes a message without its MAC, which goes to {@link macOffset}. */
export function unsignedMessage(
  { keyId, session, number, signedAt }: Signature,
  content: Uint8Array,
): Uint8Array {
  const macAt = headBytes(keyId.length);
  // No Buffer: whoever cuts a piece from one gets a view, and not a copy.
  const message = new Uint8Array(macAt + MAC_BYTES + content.length);
  const head = Buffer.from(message.buffer, 0, macAt);
  head[0] = MAGIC_P;
  head[1] = MAGIC_S;
  head[2] = FORM;
  head[3] = keyId.length;
  let at = BEFORE_ID + head.write(keyId, BEFORE_ID, 'latin1');
  at += head.write(session, at, 'latin1');
  at = head.writeUIntBE(number, at, UINT_BYTES);
  head.writeUIntBE(signedAt, at, UINT_BYTES);
  message.set(content, macAt + MAC_BYTES);
  return message;
}

/** Where the MAC of a message begins. */
export function macOffset(keyId: string): number {
  return headBytes(keyId.length);
}

/** Whether a message claims to be signed. */
export function isSigned(bytes: Uint8Array): boolean {
  return bytes[0] === MAGIC_P && bytes[1] === MAGIC_S;
}

/** Takes a message apart; undefined if it is cut off or of another form. */
export function readSignedMessage(bytes: Uint8Array): SignedMessage | undefined {
  const idLength = bytes[3] ?? 0;
  const macAt = headBytes(idLength);
  if (bytes[2] !== FORM || bytes.length < macAt + MAC_BYTES) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const sessionAt = BEFORE_ID + idLength;
  const numberAt = sessionAt + SESSION_BYTES;
  return {
    keyId: buffer.toString('latin1', BEFORE_ID, sessionAt),
    session: buffer.toString('latin1', sessionAt, numberAt),
    number: buffer.readUIntBE(numberAt, UINT_BYTES),
    signedAt: buffer.readUIntBE(numberAt + UINT_BYTES, UINT_BYTES),
    head: buffer.subarray(0, macAt),
    mac: buffer.subarray(macAt, macAt + MAC_BYTES),
    content: bytes.subarray(macAt + MAC_BYTES),
  };
}

function headBytes(idLength: number): number {
  return BEFORE_ID + idLength + SESSION_BYTES + 2 * UINT_BYTES;
}
