/** Figures of the cluster names of one node; see `ClusterNames.stats`. */
export interface NamesStats {
  /** Keys that this node holds. */
  readonly held: number;
  /** Calls that wait for a key. */
  readonly waiting: number;
  /** Whether the node has a session in the store: `none` while it holds and wants nothing. */
  readonly session: 'none' | 'opening' | 'open';
  /** How late the renewal of the session is, in milliseconds. */
  readonly renewalLagMs: number;
  /** Claims that were made so far. */
  readonly claimed: number;
  /** Claims that have ended so far, by reason. */
  readonly lost: Readonly<Record<string, number>>;
  /** Requests to the store so far. */
  readonly storeRequests: number;
  /** Sessions of other nodes that this node has ended because their time was over. */
  readonly fenced: number;
  /** How long names are refused because the store has lost records, in milliseconds; 0: they are not. */
  readonly refusedForMs: number;
  /** What is wrong with the store, as part of a sentence; undefined while nothing is known to be wrong. */
  readonly problem: string | undefined;
}

/** The figures of a node without names. */
export const UNUSED: NamesStats = {
  held: 0,
  waiting: 0,
  session: 'none',
  renewalLagMs: 0,
  claimed: 0,
  lost: {},
  storeRequests: 0,
  fenced: 0,
  refusedForMs: 0,
  problem: undefined,
};
