import type { Diff } from '../table';

/** The stream of one run of a scope to its peers. Implemented by node/ over the protocol's `ScopeStream`; one per run. */
export interface ReplicationPort {
  /** The operations that this run wrote: the number of the last one. The next write gets the number after it. */
  readonly operations: { readonly last: number };
  /** Whether each operation of a join of this many processes is sure to fit into `maxOpBytes`. */
  fits(pids: number): boolean;
  /**
   * Takes the diff of a write, which is operation `operations.last + 1`, or that and those after it if it has more than `MOST_ENTRIES`.
   * Does not throw, and calls no code of the user.
   */
  write(diff: Diff): void;
  /**
   * Resolves when every peer has applied what was written before the call; rejects with the names of the laggards after so many
   * milliseconds.
   */
  replicated(timeoutMs: number): Promise<void>;
  /** Ends the stream: peers drop this run's entries. */
  stop(): void;
}
