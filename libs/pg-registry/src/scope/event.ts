import type { Change, Entry } from '../table';
import type { Key, KeyMap, Pid, Value } from '../term';

/**
 * Why something changed: a call on this node, the exit of a process of this node, an operation of a peer, a sync with a
 * peer, or the loss of one.
 */
export type Cause = 'call' | 'exit' | 'peer' | 'sync' | 'node-down';

/** Entries came (`join`) or went (`leave`, with the values they had), in the order of the operation. */
export interface MembershipEvent<K = Key, V = unknown> {
  /** Whether the entries came or went. */
  readonly type: 'join' | 'leave';
  /** The key they are under. */
  readonly key: K;
  /** The entries; of a `leave` as they were. */
  readonly entries: readonly Entry<K, V>[];
  /** Why. */
  readonly cause: Cause;
}

/** An entry that got another value. */
export interface UpdatedEntry<V = unknown> {
  /** The entry's id: an update keeps it. */
  readonly id: string;
  /** The process that is registered. */
  readonly pid: Pid;
  /** The value before. */
  readonly old: V;
  /** The value now. */
  readonly value: V;
}

/** Entries got other values, or the same again: an update is not compared with what was there. */
export interface UpdateEvent<K = Key, V = unknown> {
  /** Tells it from the other events. */
  readonly type: 'update';
  /** The key they are under. */
  readonly key: K;
  /** What changed, in lookup order. */
  readonly entries: readonly UpdatedEntry<V>[];
  /** Why. */
  readonly cause: Cause;
}

/** What one operation changed under one key. */
export type ChangeEvent<K = Key, V = unknown> = MembershipEvent<K, V> | UpdateEvent<K, V>;

/** The entries of one key at the moment of the subscription. */
export interface SnapshotEvent<K = Key, V = unknown> {
  /** Tells it from the events of changes. */
  readonly type: 'snapshot';
  /** What `lookup` answers at this moment. */
  readonly entries: readonly Entry<K, V>[];
}

/** The entries of every key at the moment of the subscription; keys without entries are absent. */
export interface ScopeSnapshotEvent<K extends Key = Key, V = unknown> {
  /** Tells it from the events of changes. */
  readonly type: 'snapshot';
  /** The subscriber's own; oldest entry first under each key, as `lookup` gives them. */
  readonly groups: KeyMap<readonly Entry<K, V>[]>;
}

/** What `monitor` emits: one snapshot, then changes. */
export type MonitorEvent<K = Key, V = unknown> = SnapshotEvent<K, V> | ChangeEvent<K, V>;

/** What `monitorScope` emits: one snapshot, then the changes of all keys. */
export type ScopeEvent<K extends Key = Key, V = unknown> = ScopeSnapshotEvent<K, V> | ChangeEvent<K, V>;

/** The event that tells of a change; frozen, so that one object can go to every observer. */
export function eventOf(change: Change, cause: Cause): ChangeEvent<Key, Value> {
  const { key } = change;
  if (change.kind !== 'update') {
    const entries = Object.freeze(change.rows.map((row) => row.entry));
    return Object.freeze({ type: change.kind, key, entries, cause });
  }
  const entries = change.rows.map(({ entry: { id, pid, value } }, index) =>
    Object.freeze({ id, pid, old: change.old[index].value, value }),
  );
  return Object.freeze({ type: 'update', key, entries: Object.freeze(entries), cause });
}
