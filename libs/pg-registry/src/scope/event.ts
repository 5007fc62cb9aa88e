import type { Entry } from '../table';
import type { Key, KeyMap, Pid } from '../term';

/**
 * Why entries changed: `call`: code of this node wrote; `exit`: a process of this node exited; `peer`: a peer wrote; `sync`:
 * this node caught up with a peer; `node-down`: a peer was lost or left.
 */
export type Cause = 'call' | 'exit' | 'peer' | 'sync' | 'node-down';

/** Entries of one key were added (`join`) or removed (`leave`), in the order of the write. */
export interface MembershipEvent<K = Key, V = unknown> {
  /** `join`: the entries were added; `leave`: they were removed. */
  readonly type: 'join' | 'leave';
  /** The key of the entries. */
  readonly key: K;
  /** The entries; those of a `leave` with the values they had last. */
  readonly entries: readonly Entry<K, V>[];
  /** Why the entries were added or removed. */
  readonly cause: Cause;
}

/** An entry whose value was replaced. */
export interface UpdatedEntry<V = unknown> {
  /** The entry's id, which an update does not change. */
  readonly id: string;
  /** The process that is registered. */
  readonly pid: Pid;
  /** The value before. */
  readonly old: V;
  /** The value now. */
  readonly value: V;
}

/** Values of entries of one key were replaced. Values are not compared: an update to an equal value is an event, too. */
export interface UpdateEvent<K = Key, V = unknown> {
  /** Distinguishes this event from the others. */
  readonly type: 'update';
  /** The key of the entries. */
  readonly key: K;
  /** The entries with old and new value, in lookup order. */
  readonly entries: readonly UpdatedEntry<V>[];
  /** Why the values were replaced. */
  readonly cause: Cause;
}

/** The event of what one operation changed under one key. */
export type ChangeEvent<K = Key, V = unknown> = MembershipEvent<K, V> | UpdateEvent<K, V>;

/** The entries of one key at the moment of the subscription. */
export interface SnapshotEvent<K = Key, V = unknown> {
  /** Distinguishes the snapshot from the events of changes. */
  readonly type: 'snapshot';
  /** What `lookup` returns at this moment. */
  readonly entries: readonly Entry<K, V>[];
}

/** The entries of every key at the moment of the subscription; keys without entries are absent. */
export interface ScopeSnapshotEvent<K extends Key = Key, V = unknown> {
  /** Distinguishes the snapshot from the events of changes. */
  readonly type: 'snapshot';
  /** A map that belongs to the subscriber. Under each key the entries are in the order of `lookup`. */
  readonly groups: KeyMap<readonly Entry<K, V>[]>;
}

/** What `monitor` emits: one snapshot, then changes. */
export type MonitorEvent<K = Key, V = unknown> = SnapshotEvent<K, V> | ChangeEvent<K, V>;

/** What `monitorScope` emits: one snapshot, then the changes of all keys. */
export type ScopeEvent<K extends Key = Key, V = unknown> = ScopeSnapshotEvent<K, V> | ChangeEvent<K, V>;
