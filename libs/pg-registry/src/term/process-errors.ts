/** The errors that are about one process and carry its pid. The others are in errors.ts, which the Pid itself throws. */
import { PgRegistryError, type ErrorFields } from './errors';
import type { Pid } from './pid';

/** A unique key is held by another process. Mirrors `{:error, {:already_registered, pid}}`. */
export class AlreadyRegisteredError extends PgRegistryError {
  /** The process that holds the key. */
  readonly pid: Pid;

  constructor(message: string, fields: ErrorFields & { readonly pid: Pid }) {
    super(message, { ...fields, code: 'ALREADY_REGISTERED' });
    this.pid = fields.pid;
  }
}

/** The process lives on another node: only its own node may write its entries. */
export class NotLocalError extends PgRegistryError {
  /** The process of the other node. */
  readonly pid: Pid;

  constructor(message: string, fields: ErrorFields & { readonly pid: Pid }) {
    super(message, { ...fields, code: 'NOT_LOCAL' });
    this.pid = fields.pid;
  }
}

/** The process has ended, so it can neither hold an entry nor answer. */
export class ProcessExitedError extends PgRegistryError {
  /** The process that has ended. */
  readonly pid: Pid;
  /** The reason that was given to `exit`. */
  readonly reason: unknown;
  /** Whether the call that failed may have been executed before the end: then repeating it is not safe. */
  readonly mayHaveExecuted: boolean;

  constructor(
    message: string,
    fields: ErrorFields & { readonly pid: Pid; readonly reason: unknown; readonly mayHaveExecuted?: boolean },
  ) {
    super(message, { ...fields, code: 'PROCESS_EXITED' });
    this.pid = fields.pid;
    this.reason = fields.reason;
    this.mayHaveExecuted = fields.mayHaveExecuted ?? false;
  }
}
