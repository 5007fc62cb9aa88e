import { formatKey, type Key, NamesUnavailableError, sameKey, TransportError } from '../term';
import type { Holder } from './holders';
import { type ClaimHolder, decodeRecord, type LeaseRecord, type RecordDecoding } from './lease/lease-records';
import { claimName } from './lease/leases';
import { sessionName } from './lease/session';
import type { LeaseReadOutcome } from './lease-store';

/** How the store is asked. */
export interface HolderQuestion {
  readonly read: (name: string) => Promise<LeaseReadOutcome>;
  readonly decoding: RecordDecoding;
}

/** Asks the store who holds a key: two requests at most. @throws TransportError, NamesUnavailableError */
export async function askHolder(key: Key, question: HolderQuestion): Promise<Holder | undefined> {
  const claim = await recordOf(key, claimName(key), question);
  if (claim?.record.type !== 'claim' || claim.record.holder === undefined || !sameKey(claim.record.key, key))
    return undefined;
  const { holder } = claim.record;
  const session = await recordOf(key, sessionName(holder.session), question);
  if (session?.record.type !== 'session' || !session.record.open) return undefined;
  const { pid, value } = holder;
  return { key, pid, value, token: tokenOf(holder, claim), expiresInMs: session.record.ttlMs };
}

interface Found {
  readonly record: LeaseRecord;
  readonly revision: number;
  readonly epoch: number;
}

function tokenOf({ token }: ClaimHolder, { revision, epoch }: Found): number {
  return token === 0 ? epoch + revision : token;
}

async function recordOf(
  key: Key,
  name: string,
  { read, decoding }: HolderQuestion,
): Promise<Found | undefined> {
  const outcome = await read(name);
  switch (outcome.type) {
    case 'absent':
      return undefined;
    case 'found':
      try {
        return { ...outcome, record: decodeRecord(outcome.record, decoding) };
      } catch (cause) {
        const message = `The record of ${formatKey(key)} cannot be read: a later version wrote it, or somebody else did.`;
        throw new NamesUnavailableError(message, { cause });
      }
    case 'unavailable':
      throw new NamesUnavailableError(`Nobody can say who holds ${formatKey(key)}: ${outcome.reason}`);
    case 'unknown':
    case 'unreachable':
    default:
      throw new TransportError(`Nobody can say who holds ${formatKey(key)}: ${outcome.reason}`);
  }
}
