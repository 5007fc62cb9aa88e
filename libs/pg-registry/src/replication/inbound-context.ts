import type { Table } from '../table';
import type { PidInterner, ValueLimits } from '../term';
import { DecodeError, LONGEST_FRAME_BYTES, MAX_WIRE_DEPTH, Reader, type Writer } from '../wire';
import type { ReplicationBudget } from './budget';
import type { EffectList, ScopeDigest, StreamPeer } from './effect';

/** What all incoming streams of one Replicator have in common. */
export interface InboundContext {
  /** Own run of the scope: it stands in asks, so that answers to an earlier run are recognised. */
  readonly run: number;
  readonly table: Table;
  readonly pids: PidInterner;
  readonly budget: ReplicationBudget;
  readonly scratch: Writer;
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * How an incoming stream stands:
 * - `queued`: must sync, and waits for its turn.
 * - `walking`: a sync is under way; operations on entries at or below the cursor are applied, others are skipped.
 * - `live`: in sync but for operations that are still to come; every operation is applied.
 * - `overfull`: the peer has more entries than are accepted from one; it has none here until it says that it has fewer.
 */
export type Phase = 'queued' | 'walking' | 'live' | 'overfull';

/** Why a stream that was known must be synced again. */
export type ResyncReason =
  /** The owner has forgotten operations that are missing here, */
  | 'unrepairable'
  /** or was asked for them in vain; */
  | 'unanswered'
  /** an operation is larger than one may be here; */
  | 'too-large'
  /** what is known here is not what the owner has; */
  | 'different'
  /** or it was more than is accepted from one peer. */
  | 'overfull';

/**
 * What keys and values may take on the wire: the same in every node, whatever it allows its own users. Else a node with lower
 * limits than a peer would refuse a frame of it for ever, and never be in sync.
 */
const WIRE_LIMITS: ValueLimits = Object.freeze({
  maxKeyBytes: LONGEST_FRAME_BYTES,
  maxValueBytes: LONGEST_FRAME_BYTES,
  maxDepth: MAX_WIRE_DEPTH,
});

/** A reader for what `peer` sent; decoding interns and validates. */
export function readerOf(bytes: Uint8Array, { pids }: Pick<InboundContext, 'pids'>): Reader {
  return new Reader(bytes, { pids, limits: WIRE_LIMITS });
}

/** Does the table hold the same entries of `peer` as `theirs` says of the same moment? */
export function agrees(table: Table, peer: StreamPeer, theirs: ScopeDigest): boolean {
  const ours = table.digest(peer.incarnation);
  return ours.count === theirs.count && ours.hashHigh === theirs.hashHigh && ours.hashLow === theirs.hashLow;
}

/** Runs `step`; bytes of `peer` that cannot be decoded are counted and warned of, and then are like bytes that were lost. Returns whether they could. */
export function refusing(peer: StreamPeer, effects: EffectList, step: () => void): boolean {
  try {
    step();
    return true;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    effects.count('refused');
    effects.add({ type: 'warn', reason: 'refused', message: error.message, peer });
    return false;
  }
}
