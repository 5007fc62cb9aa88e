/** A peer's entries of a scope have all arrived. */
export interface SyncReport {
  readonly scope: string;
  /** The peer's name. */
  readonly peer: string;
  /** How long they were fetched; 0 if the peer had none. */
  readonly durationMs: number;
}

/** A write of this node was followed to a peer, see the option `lagSampleMs`. */
export interface LagReport {
  readonly scope: string;
  /** The peer's name. */
  readonly peer: string;
  /** From the write to the peer's word that it is applied there, by this node's clock: the way back is contained. */
  readonly durationMs: number;
}

/** Who is told what takes time, as it happens. Called in the midst of the node's work: it must neither throw nor write. */
export interface NodeObserver {
  synced?(report: SyncReport): void;
  propagated?(report: LagReport): void;
}
