import type { Table } from '../table';
import type { PidInterner, ValueLimits } from '../term';
import { LONGEST_FRAME_BYTES, MAX_WIRE_DEPTH, Reader, type Writer } from '../wire';
import type { ReplicationBudget } from './budget';
import type { Removals } from './removals';
import type { StreamOutput } from './stream-output';

/** What all parts of one scope's replication are given. */
export interface StreamDeps {
  /** Rises each time the node starts the scope. It stands in every body, so that answers to an earlier run are recognised. */
  readonly run: number;
  readonly table: Table;
  readonly pids: PidInterner;
  /** Shared by all scopes of the node; it carries the protocol's options. */
  readonly budget: ReplicationBudget;
  readonly output: StreamOutput;
  /** For one body at a time, which is copied before the next begins. */
  readonly scratch: Writer;
  /** In [0, 1): spreads what many would do at once. */
  readonly random: () => number;
}

/** What the parts are given that follow the streams of peers. */
export interface InboundDeps extends StreamDeps {
  readonly removals: Removals;
  /** See `ScopeStart`. */
  readonly onePerKey?: boolean;
}

/**
 * What keys and values may take on the wire: the same in every node, whatever it allows its own users. Otherwise a node with lower
 * limits than a peer would refuse a frame of it for ever, and never be in sync.
 */
const WIRE_LIMITS: ValueLimits = Object.freeze({
  maxKeyBytes: LONGEST_FRAME_BYTES,
  maxValueBytes: LONGEST_FRAME_BYTES,
  maxDepth: MAX_WIRE_DEPTH,
});

/** A reader for what a peer sent; decoding interns and validates. */
export function readerOf(bytes: Uint8Array, { pids, budget }: Pick<StreamDeps, 'pids' | 'budget'>): Reader {
  return new Reader(bytes, { pids, limits: WIRE_LIMITS, maxHeapBytes: budget.options.maxPeerBytes });
}
