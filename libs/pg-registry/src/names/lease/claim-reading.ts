import { type Key, sameKey } from '../../term';
import type { LeaseAbsent, LeaseFound } from '../lease-store';
import { type ClaimHolder, type ClaimRecord, decodeRecord, type RecordDecoding } from './lease-records';
import type { Reservation } from './reservations';

/** What a node knows of the record of a key. */
export interface Known {
  readonly revision: number;
  readonly holder: ClaimHolder | undefined;
  readonly reservedFor?: Reservation | undefined;
}

/** Why a key whose record {@link claimIn} cannot read is not taken. */
export const UNREADABLE =
  'The record of the key is one that this version cannot read: a later version wrote it, or somebody else did. Update this node, or ' +
  'use another bucket.';

/** Reads the claim of a key. Returns undefined for anything else. */
export function claimIn(
  { record }: { readonly record: Uint8Array },
  key: Key,
  decoding: RecordDecoding,
): ClaimRecord | undefined {
  try {
    const decoded = decodeRecord(record, decoding);
    return decoded.type === 'claim' && sameKey(decoded.key, key) ? decoded : undefined;
  } catch {
    return undefined;
  }
}

/** Finds out what an answer of the store tells of a key; undefined: the record cannot be read. */
export function knownBy(
  outcome: LeaseFound | LeaseAbsent,
  key: Key,
  decoding: RecordDecoding,
): Known | undefined {
  if (outcome.type === 'absent') return { revision: 0, holder: undefined };
  const record = claimIn(outcome, key, decoding);
  if (record === undefined) return undefined;
  const { holder, reservedFor } = record;
  return { revision: outcome.revision, holder: withToken(holder, outcome), reservedFor };
}

/** A record that frees a key has no value, so it is never longer than this. */
const MOST_FREEING_BYTES = 8 * 1024;

/**
 * Finds out whether a record that was heard on its way to the store lets a node take the key.
 *
 * @returns The nonce of the write, after which this node can claim; undefined: it has to read first.
 */
export function freedBy(
  heard: Uint8Array | undefined,
  key: Key,
  { decoding, incarnation }: { readonly decoding: RecordDecoding; readonly incarnation: string },
): string | undefined {
  if (heard === undefined || heard.length > MOST_FREEING_BYTES) return undefined;
  const record = claimIn({ record: heard }, key, decoding);
  if (record === undefined || record.holder !== undefined) return undefined;
  const isForOther = record.reservedFor !== undefined && record.reservedFor.incarnation !== incarnation;
  return isForOther ? undefined : record.nonce;
}

/** Fills in the token of a holder whose record could not know it. */
export function withToken(
  holder: ClaimHolder | undefined,
  { revision, epoch }: { readonly revision: number; readonly epoch: number },
): ClaimHolder | undefined {
  return holder?.token === 0 ? { ...holder, token: epoch + revision } : holder;
}
