import type { Key, Pid, Value } from '../term';

/** The part of another node's operation that concerns one key, as decoded from a frame. Entries are addressed by their numbers. */
export type RemoteGroup =
  | {
      readonly kind: 'join';
      readonly key: Key;
      readonly entries: readonly { readonly number: number; readonly pid: Pid; readonly value: Value }[];
    }
  | { readonly kind: 'leave'; readonly numbers: readonly number[] }
  | {
      readonly kind: 'update';
      readonly entries: readonly { readonly number: number; readonly value: Value }[];
    };

/** One operation of another node's stream; all entries that it touches get its number as their revision. */
export interface RemoteOperation {
  readonly number: number;
  readonly groups: readonly RemoteGroup[];
}

/** A row of another node as its sync sends it. */
export interface SyncRow {
  readonly number: number;
  readonly key: Key;
  readonly pid: Pid;
  readonly value: Value;
  readonly revision: number;
}

/** All entries of an owner whose numbers are in (from, to], as they stood after its operation `at`. */
export interface SyncChunk {
  /** Exclusive. */
  readonly from: number;
  /** Inclusive; `Infinity` in the last chunk of a walk. */
  readonly to: number;
  /** Number of the last operation that the chunk contains. */
  readonly at: number;
  readonly rows: readonly SyncRow[];
}
