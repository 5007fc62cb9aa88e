import type { Change, Diff } from '../table';
import type { StreamKind } from '../wire';

/** A node as replication sees it: an address, and the incarnation that owns the entries. */
export interface StreamPeer {
  readonly node: string;
  readonly incarnation: string;
}

/** What a node says of its own entries in one scope: its run, its last operation, how many entries there are and their hash. */
export interface ScopeDigest {
  readonly run: number;
  readonly last: number;
  readonly count: number;
  /** Upper half of the order-free hash over (entry number, revision), an unsigned 32-bit number. */
  readonly hashHigh: number;
  /** Lower half of it. */
  readonly hashLow: number;
}

/** Why entries of a peer changed here: its operation, a sync with it, or its loss. */
export type RemoteCause = 'peer' | 'sync' | 'node-down';

/** What a Replicator wants done. In each list, whatever goes out stands before the diffs. */
export type ReplicationEffect =
  /** To one peer, or, without `to`, to all who follow the scope (then `kind` is `'ops'`). The bytes may be kept for repair: they must not be written to. */
  | {
      readonly type: 'send';
      readonly to: StreamPeer | undefined;
      readonly kind: StreamKind;
      readonly body: Uint8Array;
    }
  /** Await the connection's `flush()`, then tell the budget and every Replicator. */
  | { readonly type: 'flush' }
  /** The table has already changed. Several operations come as one diff, one change per operation and key, in order. */
  | { readonly type: 'diff'; readonly diff: Diff; readonly cause: RemoteCause }
  /** This peer's stream is not the one that is followed: ask for its hello. */
  | { readonly type: 'discover'; readonly peer: StreamPeer }
  /** This peer's stream is in sync, after so long of fetching: 0 if it had nothing to fetch. `first`: as never before. */
  | {
      readonly type: 'synced';
      readonly peer: StreamPeer;
      readonly durationMs: number;
      readonly first: boolean;
    }
  /** An own write was applied at this peer, and so long after it was made the peer's word of that was here. */
  | { readonly type: 'lag'; readonly peer: StreamPeer; readonly durationMs: number }
  /** The end of `replicated()`: nobody lags, or the time is over. */
  | {
      readonly type: 'replicated';
      readonly id: number;
      readonly laggards: readonly string[];
      readonly connected: boolean;
    }
  | { readonly type: 'warn'; readonly reason: string; readonly message: string; readonly peer?: StreamPeer }
  | { readonly type: 'count'; readonly name: string; readonly by: number };

/**
 * The effects of one call, collected. Sends come out before diffs: running a diff may call a user's code, which may write,
 * and the frames of that write must not overtake those that were made before.
 */
export class EffectList {
  readonly #first: ReplicationEffect[] = [];
  readonly #diffs: { readonly cause: RemoteCause; readonly changes: Change[] }[] = [];

  add(effect: ReplicationEffect): void {
    this.#first.push(effect);
  }

  send(to: StreamPeer | undefined, kind: StreamKind, body: Uint8Array): void {
    this.#first.push({ type: 'send', to, kind, body });
  }

  count(name: string, by = 1): void {
    this.#first.push({ type: 'count', name, by });
  }

  /** Appends changes; neighbours of one cause become one diff, so a frame of a thousand operations is one effect. */
  diff(diff: Diff, cause: RemoteCause): void {
    if (diff.length === 0) return;
    let latest = this.#diffs.at(-1);
    if (latest?.cause !== cause) this.#diffs.push((latest = { cause, changes: [] }));
    for (const change of diff) latest.changes.push(change);
  }

  /** Everything, in the order in which it is to be run. */
  list(): readonly ReplicationEffect[] {
    for (const { cause, changes } of this.#diffs.splice(0))
      this.#first.push({ type: 'diff', diff: changes, cause });
    return this.#first;
  }
}
