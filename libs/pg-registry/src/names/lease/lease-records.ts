import {
  isPid,
  type Key,
  MAX_NAME_BYTES,
  type Pid,
  type PidInterner,
  type Value,
  type ValueLimits,
} from '../../term';
import { DecodeError, Reader, Writer } from '../../wire';
import { MAX_RECORD_BYTES } from '../lease-store';
import type { Reservation } from './reservations';

/** When others may take the keys of a session: when its time is over, or also when the registry has confirmed that its node crashed. */
export type Takeover = 'lease' | 'crash';

/** What the store keeps of a node's session. */
export interface SessionRecord {
  readonly type: 'session';
  /** False: the session is over, and nobody can make it go on. */
  readonly open: boolean;
  readonly ttlMs: number;
  readonly takeover: Takeover;
  /** Unique for each write: by it a writer recognises its own. */
  readonly nonce: string;
}

/** What the store keeps of a key that somebody holds, or held. */
export interface ClaimRecord {
  readonly type: 'claim';
  readonly key: Key;
  /** Unique for each write. */
  readonly nonce: string;
  /** Undefined: nobody holds the key. */
  readonly holder: ClaimHolder | undefined;
  /** Who may take a key first that nobody holds. */
  readonly reservedFor?: Reservation | undefined;
}

/** Who holds a key. */
export interface ClaimHolder {
  /** The id of the session of the holder's node. */
  readonly session: string;
  readonly pid: Pid;
  readonly value: Value;
  /** The fencing token; 0: that of the write that made this record, which could not know it. */
  readonly token: number;
}

/** A record of a store. */
export type LeaseRecord = SessionRecord | ClaimRecord;

/** What reading a record needs. */
export interface RecordDecoding {
  readonly pids: PidInterner;
  readonly limits: ValueLimits;
}

const VERSION = 1;
const KIND = { overSession: 0, openSession: 1, freeClaim: 2, heldClaim: 3, reservedClaim: 4 } as const;
const TAKEOVERS: readonly Takeover[] = ['lease', 'crash'];
/** The longest ttl that a record may have, in milliseconds. */
export const LONGEST_TTL_MS = 60 * 60 * 1000;
const MAX_ID_BYTES = MAX_NAME_BYTES;

/** What a record needs beside key and value, in bytes. */
const OVERHEAD_BYTES = 1024;

/** Returns the limits of a key and a value that share a record. */
export function limitsInRecords({ maxKeyBytes, maxDepth, maxValueBytes }: ValueLimits): ValueLimits {
  const left = MAX_RECORD_BYTES - maxKeyBytes - OVERHEAD_BYTES;
  return { maxKeyBytes, maxDepth, maxValueBytes: Math.min(maxValueBytes, left) };
}

/** Writes a record as bytes. */
export function encodeRecord(record: LeaseRecord): Uint8Array {
  const writer = new Writer();
  writer.u8(VERSION);
  if (record.type === 'session') {
    writer.u8(record.open ? KIND.openSession : KIND.overSession);
    writer.string(record.nonce);
    writer.uint(record.ttlMs);
    writer.u8(TAKEOVERS.indexOf(record.takeover));
    return writer.finish();
  }
  const { key, nonce, holder, reservedFor } = record;
  const free = reservedFor === undefined ? KIND.freeClaim : KIND.reservedClaim;
  writer.u8(holder === undefined ? free : KIND.heldClaim);
  writer.string(nonce);
  writer.value(key);
  if (holder === undefined) {
    if (reservedFor === undefined) return writer.finish();
    writer.string(reservedFor.incarnation);
    writer.uint(reservedFor.forMs);
    return writer.finish();
  }
  writer.string(holder.session);
  writer.uint(holder.token);
  writer.value(holder.pid);
  writer.value(holder.value);
  return writer.finish();
}

/**
 * Reads a record.
 *
 * @throws DecodeError for anything else, a record of a later version included.
 */
export function decodeRecord(bytes: Uint8Array, decoding: RecordDecoding): LeaseRecord {
  // A store need not take larger ones, and no node writes any.
  if (bytes.length > MAX_RECORD_BYTES) throw new DecodeError(`A lease record of ${bytes.length} bytes.`);
  const reader = new Reader(bytes, decoding);
  if (reader.u8() !== VERSION) throw new DecodeError('A lease record of another version.');
  const kind = reader.u8();
  const nonce = reader.string(MAX_ID_BYTES);
  const record =
    kind === KIND.openSession || kind === KIND.overSession
      ? readSession(reader, nonce, kind === KIND.openSession)
      : readClaim(reader, nonce, kind);
  reader.end();
  return record;
}

function readSession(reader: Reader, nonce: string, open: boolean): SessionRecord {
  const ttlMs = reader.uint();
  const takeover = TAKEOVERS[reader.u8()];
  // A longer ttl would let one bad record block its keys for years.
  if (ttlMs > LONGEST_TTL_MS || takeover === undefined)
    throw new DecodeError('A session record out of range.');
  return { type: 'session', open, ttlMs, takeover, nonce };
}

function readClaim(reader: Reader, nonce: string, kind: number): ClaimRecord {
  if (kind !== KIND.freeClaim && kind !== KIND.heldClaim && kind !== KIND.reservedClaim)
    throw new DecodeError(`A lease record of the unknown kind ${kind}.`);
  const key = reader.key();
  if (kind === KIND.freeClaim) return { type: 'claim', key, nonce, holder: undefined };
  if (kind === KIND.reservedClaim) return readReserved(reader, key, nonce);
  const session = reader.string(MAX_ID_BYTES);
  const token = reader.uint();
  const pid = reader.key();
  if (!isPid(pid)) throw new DecodeError('A claim record without a process.');
  return { type: 'claim', key, nonce, holder: { session, token, pid, value: reader.value() } };
}

function readReserved(reader: Reader, key: Key, nonce: string): ClaimRecord {
  const incarnation = reader.string(MAX_ID_BYTES);
  const forMs = reader.uint();
  // As for the ttl of a session.
  if (forMs > LONGEST_TTL_MS) throw new DecodeError('A reservation out of range.');
  return { type: 'claim', key, nonce, holder: undefined, reservedFor: { incarnation, forMs } };
}
