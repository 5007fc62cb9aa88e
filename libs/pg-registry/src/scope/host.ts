import type { Processes } from '../lifetime';
import type { Pid, PidInterner, ValueLimits } from '../term';
import type { Diff } from '../table';
import type { ListenerToken, RegistryListener } from './listener';

/** What every scope of a node needs of it. Implemented by node/; one per node. */
export interface ScopeHost {
  readonly processes: Processes;
  readonly pids: PidInterner;
  readonly limits: ValueLimits;
  /** Rising entry numbers, one sequence for all scopes and all their runs: a number is never given twice. */
  readonly numbers: { next(): number };
  readonly logger: ScopeLogger;
  /** The listener behind a token at this moment; undefined while nobody provides it. Asked at each delivery. */
  resolveListener(token: ListenerToken): RegistryListener | undefined;
  /**
   * Hands a message to a process, here or on another node, and does not wait. A process that is gone is no error; a message
   * that cannot be sent throws.
   */
  send(pid: Pid, message: unknown): void;
}

/** Where a scope says what went wrong in code that is not its caller's. */
export interface ScopeLogger {
  /** @param kind One of a few words in each scope: of each, so many lines are written in a time. */
  error(scope: string, kind: string, message: string, error?: unknown): void;
}

/** The stream of one run of a scope to its peers. Implemented by node/ over the protocol's `ScopeStream`; one per run. */
export interface Replication {
  /** Number of the last operation that this run wrote; the next write gets the number after it. */
  readonly last: number;
  /** Whether a join of so many processes is not too large for one operation (`maxOpBytes`). */
  fits(pids: number): boolean;
  /** Takes the diff of operation `last + 1`, which then becomes `last`. Does not throw, and calls no code of the user. */
  write(diff: Diff): void;
  /** Resolves when every peer has applied what was written before the call; rejects naming the laggards. */
  replicated(options: { readonly timeoutMs?: number | undefined }): Promise<void>;
  /** Ends the stream: peers drop this run's entries. */
  stop(): void;
}
