import type { Processes } from '../lifetime';
import type { Diff, EntryNumbers } from '../table';
import type { HashSeed, Pid, PidInterner, ValueLimits } from '../term';
import type { Cause } from './event';
import type { ListenerToken, RegistryListener } from './listener';

/** What every scope of a node is given. Implemented by node/; one per node. */
export interface ScopeDeps {
  /** The processes of the node. */
  readonly processes: Processes;
  /** Keeps one object per pid. */
  readonly pids: PidInterner;
  /** Hides from peers where Maps keep what they choose. */
  readonly seed: HashSeed;
  /** How large keys and values may be. */
  readonly limits: ValueLimits;
  readonly numbers: EntryNumbers;
  /** For tests: how many deliveries of events follow each other without a pause. */
  readonly deliveriesPerTurn?: number;
  /** Keeps the latest changes. Default: nothing does. */
  readonly recorder?: ChangeRecorder;
  /** Where a scope reports code of the user that failed. */
  readonly logger: ScopeLogger;
  /** The listener that the application provides under a token now, if any. The feed asks again at each delivery. */
  resolveListener(token: ListenerToken): RegistryListener | undefined;
  /** Runs `run` when the current turn of the event loop is over. @returns A function that cancels it. */
  readonly afterTurn: (run: () => void) => () => void;
  /** The names of the scopes that run on the node now. */
  runningScopes(): readonly string[];
  /**
   * Sends a message to a process, here or on another node, without waiting. A process that is gone is no error.
   *
   * @throws InvalidValueError, ValueTooLargeError for a message that cannot be sent.
   */
  send(pid: Pid, message: unknown): void;
}

/** How many changes a scope has made since it began to run. The scope counts them. */
export interface ChangeCount {
  readonly scope: string;
  changes: number;
}

/** Keeps the latest changes for those who look into the node. Called in the middle of every write: it must be cheap and must not throw. */
export interface ChangeRecorder {
  /**
   * Whether changes are kept; otherwise {@link record} is not called. A recorder that turns this off for a while sees by the counts how many
   * changes there were: a call for each write would take longer than to count it (docs/performance-notes.md).
   */
  readonly isOn: boolean;
  /** A scope begins to run. */
  begin(count: ChangeCount): void;
  /** A scope runs no more. */
  end(count: ChangeCount): void;
  /** Takes a diff of a scope, which is counted already, and which nobody has been told of yet. */
  record(scope: string, diff: Diff, cause: Cause): void;
}

/** Where a scope reports code of the user that failed: listeners, for instance. */
export interface ScopeLogger {
  /** @param kind One of a few words per scope: the number of lines in a given time is limited for each. */
  error(scope: string, kind: string, message: string, error?: unknown): void;
}
