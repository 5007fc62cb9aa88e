import type { Diff } from '../table';
import type { ProcessKind, Sender } from '../wire';
import type { RemovalReason, Suspicion } from './peer';

/**
 * What happened to a peer, as seen from here: `type` says what, `node` and `incarnation` to which life of which node, and
 * `reason` why.
 */
export type PeerEvent =
  | {
      readonly type: 'peer-up' | 'peer-recovered' | 'peer-draining';
      readonly node: string;
      readonly incarnation: string;
    }
  | {
      readonly type: 'peer-suspect';
      readonly node: string;
      readonly incarnation: string;
      readonly reason: Suspicion;
    }
  | {
      readonly type: 'peer-removed';
      readonly node: string;
      readonly incarnation: string;
      readonly reason: RemovalReason;
    }
  | {
      readonly type: 'peer-rejected';
      readonly node: string;
      readonly incarnation: string;
      readonly reason: RejectionReason;
    };

/** Why a node is not accepted as a peer: it speaks no version of ours, or there are too many already. */
export type RejectionReason = 'version' | 'limit';

/** How a probe ended. */
export type ProbeOutcome =
  | { readonly type: 'answer'; readonly subject: string; readonly bytes: Uint8Array }
  | { readonly type: 'no-responders' }
  | { readonly type: 'timeout' };

/** Why entries of a peer changed here: its operation, a sync with it, or its loss. */
export type RemoteCause = 'peer' | 'sync' | 'node-down';

/** Takes the diffs that peers make in one run of a scope. Given when the run's stream starts; the driver calls it. */
export interface DiffReceiver {
  /** The table has already changed. Diffs come whole and in order. */
  applyDiff(diff: Diff, cause: RemoteCause): void;
}

/**
 * What the driver of a protocol has to do, in the order of the list.
 *
 * One list for cluster/, replication/ and protocol/, because the order counts across them. It is in cluster/, the lowest of the
 * three, with the endpoint that collects it.
 */
export type Effect =
  /** Subscribe, or end it. Given once per subject: a client re-subscribes by itself after a reconnect. */
  | { readonly type: 'subscribe' | 'unsubscribe'; readonly subject: string }
  /** Publish, and forget. */
  | { readonly type: 'send'; readonly subject: string; readonly bytes: Uint8Array }
  /** Await the connection's `flush()`, then say `flushed(id)`; say nothing if it fails. */
  | { readonly type: 'flush'; readonly id: number }
  /** A request that ends in `probeResult(id, outcome)`. */
  | {
      readonly type: 'probe';
      readonly id: number;
      readonly subject: string;
      readonly reply: string;
      readonly bytes: Uint8Array;
      readonly timeoutMs: number;
    }
  /**
   * Call `receiver.applyDiff(diff, cause)`. Several operations of one call come as one diff: one change per operation and key, in
   * order.
   */
  | {
      readonly type: 'diff';
      readonly scope: string;
      readonly receiver: DiffReceiver;
      readonly diff: Diff;
      readonly cause: RemoteCause;
    }
  | { readonly type: 'peer'; readonly event: PeerEvent }
  /** A frame for calls/. Its sender was checked against its subject, and `reply` (or '') against its sender. `token` says which request an answer belongs to. */
  | {
      readonly type: 'deliver';
      readonly kind: ProcessKind;
      readonly from: Sender;
      readonly isFromPeer: boolean;
      readonly body: Uint8Array;
      readonly reply: string;
      readonly token: string;
    }
  /** A `replicated()` has ended: done if nobody lags and the node is connected. */
  | {
      readonly type: 'replicated';
      readonly id: number;
      readonly laggards: readonly string[];
      readonly connected: boolean;
    }
  /** A peer's entries of a scope have all arrived, `durationMs` after they were first asked for: 0 if it had none. */
  | {
      readonly type: 'synced';
      readonly scope: string;
      readonly peer: string;
      readonly durationMs: number;
    }
  /** A peer has applied a write of this node; its answer came `durationMs` after the write. */
  | { readonly type: 'lag'; readonly scope: string; readonly peer: string; readonly durationMs: number }
  /** A `drain()` has ended; `missing` did not acknowledge in time. */
  | { readonly type: 'drained'; readonly missing: readonly string[] }
  /** Another node has this name and is the current one. Everything is unsubscribed; nothing will ever be sent again. */
  | { readonly type: 'fenced'; readonly by: Sender }
  /** A line for the log; limited in rate already. */
  | {
      readonly type: 'warn';
      readonly reason: string;
      readonly message: string;
      /** Set if the line is about one scope. */
      readonly scope?: string | undefined;
    };
