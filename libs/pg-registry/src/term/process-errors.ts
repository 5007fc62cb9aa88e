/** The errors that carry values: the pid of a process, or what its handler threw. The others are in errors.ts, which the Pid itself throws. */
import { PgRegistryError, type ErrorFields } from './errors';
import type { Pid } from './pid';
import type { Value } from './value';

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

/**
 * The entity is not here. A call to an entity is then made where it is; you get this error if you called a process by its pid, if none of the
 * nodes that offer the type takes more entities, or if the nodes did not agree within the time limit where it is. Nothing was executed.
 */
export class EntityElsewhereError extends PgRegistryError {
  /** Where it is, or who knows; undefined if this node does not know. */
  readonly pid: Pid | undefined;

  constructor(message: string, fields: ErrorFields & { readonly pid: Pid | undefined }) {
    super(message, { ...fields, code: 'ENTITY_ELSEWHERE' });
    this.pid = fields.pid;
  }
}

/** What a handler threw, as its callers on every node get it. */
export interface RemoteFailure {
  /** The `name` of the error. */
  readonly name: string;
  /** Its `code`, if it had one. */
  readonly code: string | undefined;
  /** Its message, at most 4,096 characters. */
  readonly message: string;
  /** The HTTP status of an `HttpException` of Nest, from 400 to 599. */
  readonly status?: number;
  /** What an `HttpException` says to a browser: its `getResponse()`, for instance the fields that a validation refused. */
  readonly response?: Value;
  /** What an `RpcException` was made of: its `getError()`. */
  readonly details?: Value;
}

/**
 * The handler of a call threw an error, on this node or another; `remote` has what it said. For an `HttpException` of Nest this error has a
 * status, too, so that Nest's own exception filter answers a browser with it; `RemoteErrorFilter` answers with the same fields.
 */
export class RemoteError extends PgRegistryError {
  /** What the handler threw. */
  readonly remote: RemoteFailure;
  /** The HTTP status, if there is one. */
  declare readonly status?: number;
  /** The same as `status`: Nest's filter asks for both. */
  declare readonly statusCode?: number;
  /** Whether a browser may see the message: for a status below 500. */
  declare readonly expose?: boolean;

  constructor(message: string, fields: ErrorFields & { readonly remote: RemoteFailure }) {
    super(message, { ...fields, code: 'REMOTE' });
    this.remote = Object.freeze({ ...fields.remote });
    const { status } = fields.remote;
    if (status !== undefined) Object.assign(this, { status, statusCode: status, expose: status < 500 });
  }
}
