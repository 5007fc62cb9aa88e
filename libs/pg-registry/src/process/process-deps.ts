import type { Calls, Registrar } from '../calls';
import type { Processes, Timers } from '../lifetime';

/** What a node gives the processes of its application. */
export interface ProcessDeps {
  readonly processes: Processes;
  readonly calls: Calls;
  readonly registrar: Registrar;
  readonly timers: Timers;
  /** How long `onProcessExit` may take, in milliseconds. Default 5000. */
  readonly exitTimeoutMs?: number;
  /** Messages that may wait for a process class or `onMessage`. Default 1,000. */
  readonly mailboxCapacity?: number;
  /** Logs what went wrong when a process ended; nobody else would hear of it. */
  readonly onWarning: (message: string, error?: unknown) => void;
}
