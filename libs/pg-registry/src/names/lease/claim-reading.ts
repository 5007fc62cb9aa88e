import { type Key, sameKey } from '../../term';
import type { LeaseReadOutcome } from '../lease-store';
import { type ClaimHolder, type ClaimRecord, decodeRecord, type RecordDecoding } from './lease-records';

/** Why a key whose record {@link claimIn} cannot read is not taken. */
export const UNREADABLE =
  'The record of the key is one that this version cannot read: a later version wrote it, or somebody else did. Update this node, or ' +
  'use another bucket.';

/** Reads the claim of a key. Returns undefined for anything else. */
export function claimIn(
  { record }: Extract<LeaseReadOutcome, { type: 'found' }>,
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

/** Fills in the token of a holder whose record could not know it. */
export function withToken(
  holder: ClaimHolder | undefined,
  { revision, epoch }: { readonly revision: number; readonly epoch: number },
): ClaimHolder | undefined {
  return holder?.token === 0 ? { ...holder, token: epoch + revision } : holder;
}
