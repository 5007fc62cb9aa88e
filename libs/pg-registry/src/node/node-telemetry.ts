import type { OnStarting } from '../entities';
import type { OnClaiming } from '../names';

/** A peer's entries of a scope have all arrived. */
export interface SyncReport {
  readonly scope: string;
  /** The peer's name. */
  readonly peer: string;
  /** How long they were fetched; 0 if the peer had none. */
  readonly durationMs: number;
}

/** How long one write of this node took to a peer, see the option `lagSampleMs`. */
export interface LagReport {
  readonly scope: string;
  /** The peer's name. */
  readonly peer: string;
  /** From the write until the peer's answer that it is applied there, by this node's clock: it contains the way back. */
  readonly durationMs: number;
}

/** Hears how long syncs, writes, claims and starts of entities take. Called in the middle of the node's work: it must neither throw nor write. */
export interface NodeTelemetry {
  synced?(report: SyncReport): void;
  propagated?(report: LagReport): void;
  /** See {@link OnClaiming}. */
  claiming?: OnClaiming;
  /** See {@link OnStarting}. */
  starting?: OnStarting;
}
