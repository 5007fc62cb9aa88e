import type { Calls, Registrar } from '../calls';
import type { Processes, Timers } from '../lifetime';

/** How long `onProcessExit` may take unless the node says otherwise, in milliseconds. */
export const DEFAULT_EXIT_TIMEOUT_MS = 5000;

/** What a node gives the processes of its application. */
export interface ProcessDeps {
  readonly processes: Processes;
  readonly calls: Calls;
  readonly registrar: Registrar;
  readonly timers: Timers;
  /** How long `onProcessExit` may take, in milliseconds. Default {@link DEFAULT_EXIT_TIMEOUT_MS}. */
  readonly exitTimeoutMs?: number;
  /** Messages that may wait for a process class or `onMessage`. Default 1,000. */
  readonly mailboxCapacity?: number;
  /** Logs what went wrong when a process ended; nobody else would hear of it. */
  readonly onWarning: (message: string, error?: unknown) => void;
}
