/** The stable codes of all errors of this library. Programs may switch on them; they never change. */
export type PgRegistryErrorCode =
  | 'ALREADY_REGISTERED'
  | 'NOT_REGISTERED'
  | 'NOT_LOCAL'
  | 'INVALID_ARGUMENT'
  | 'INVALID_OPTION'
  | 'INVALID_VALUE'
  | 'INVALID_ANSWER'
  | 'VALUE_TOO_LARGE'
  | 'PROCESS_EXITED'
  | 'UNIQUE_KEYS_REQUIRED'
  | 'SCOPE_NOT_RUNNING'
  | 'SCOPE_ALREADY_STARTED'
  | 'MAILBOX_FULL'
  | 'LOCK_TIMEOUT'
  | 'CLAIM_LOST'
  | 'NAMES_UNAVAILABLE'
  | 'CALL_TIMEOUT'
  | 'NODE_DOWN'
  | 'NO_HANDLER'
  | 'REENTRANT_CALL'
  | 'ENTITY_ELSEWHERE'
  | 'ENTITY_UNAVAILABLE'
  | 'REMOTE'
  | 'TRANSPORT';

/** Options of every error, besides its message. */
export interface ErrorFields {
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/**
 * Base of every error this library throws on misuse or failure; expected outcomes are return values instead.
 *
 * The message is for people; `code` tells programs which error it is.
 */
export class PgRegistryError extends Error {
  /** Which error it is, for programs: one code for each class, the same in every version. */
  readonly code: PgRegistryErrorCode;

  /**
   * @param message The sentence for people: what was wrong, what is allowed, what happened to the data.
   * @param fields What programs may read of it, and `cause`, the error that led to this one.
   */
  constructor(message: string, fields: ErrorFields & { readonly code: PgRegistryErrorCode }) {
    super(message, 'cause' in fields ? { cause: fields.cause } : undefined);
    this.code = fields.code;
  }

  /** The name of the class, so that a stack trace starts with it. */
  override get name(): string {
    return this.constructor.name;
  }
}

/** No process is registered under the called key. Mirrors the exit reason `noproc`. */
export class NotRegisteredError extends PgRegistryError {
  constructor(message: string, fields: ErrorFields = {}) {
    super(message, { ...fields, code: 'NOT_REGISTERED' });
  }
}

/** An argument is wrong. Nothing was changed. */
export class InvalidArgumentError extends PgRegistryError {
  constructor(
    message: string,
    { code = 'INVALID_ARGUMENT', ...fields }: ErrorFields & { readonly code?: PgRegistryErrorCode } = {},
  ) {
    super(message, { ...fields, code });
  }
}

/** An option is unknown or has a wrong value: an argument with a name. */
export class InvalidOptionError extends InvalidArgumentError {
  /** The name of the offending option. */
  readonly option: string;

  constructor(message: string, fields: ErrorFields & { readonly option: string }) {
    super(message, { ...fields, code: 'INVALID_OPTION' });
    this.option = fields.option;
  }
}

/** A key, value or payload has no normal form; the message names the place in it. Nothing was stored or sent. */
export class InvalidValueError extends PgRegistryError {
  constructor(message: string, fields: ErrorFields = {}) {
    super(message, { ...fields, code: 'INVALID_VALUE' });
  }
}

/**
 * A handler ran, and what it returned cannot travel: it has no normal form, or is too large. The message names the place in it. The fault is
 * the handler's, and is logged where it ran; its `cause` there is what was wrong with the value.
 */
export class InvalidAnswerError extends PgRegistryError {
  constructor(message: string, fields: ErrorFields = {}) {
    super(message, { ...fields, code: 'INVALID_ANSWER' });
  }
}

/** A key, value or payload is larger or deeper than its limit allows; the message names the limit. Nothing was stored or sent. */
export class ValueTooLargeError extends PgRegistryError {
  constructor(message: string, fields: ErrorFields = {}) {
    super(message, { ...fields, code: 'VALUE_TOO_LARGE' });
  }
}

/** The function needs a scope with unique keys, and this one has duplicate keys. */
export class UniqueKeysRequiredError extends PgRegistryError {
  constructor(message: string, fields: ErrorFields = {}) {
    super(message, { ...fields, code: 'UNIQUE_KEYS_REQUIRED' });
  }
}

/** The scope or its node was stopped, or a newer node of the same name superseded the node. */
export class ScopeNotRunningError extends PgRegistryError {
  constructor(message: string, fields: ErrorFields = {}) {
    super(message, { ...fields, code: 'SCOPE_NOT_RUNNING' });
  }
}

/** The scope runs on this node already. Mirrors `{:error, {:already_started, pid}}`. */
export class ScopeAlreadyStartedError extends PgRegistryError {
  /** The service of the scope that runs. */
  readonly running: unknown;

  constructor(message: string, fields: ErrorFields & { readonly running: unknown }) {
    super(message, { ...fields, code: 'SCOPE_ALREADY_STARTED' });
    this.running = fields.running;
  }
}

/** The mailbox of the process is at its limit; the message was not taken. */
export class MailboxFullError extends PgRegistryError {
  constructor(message: string, fields: ErrorFields = {}) {
    super(message, { ...fields, code: 'MAILBOX_FULL' });
  }
}

/** The lock was not free within the time limit; the function was not run. */
export class LockTimeoutError extends PgRegistryError {
  constructor(message: string, fields: ErrorFields = {}) {
    super(message, { ...fields, code: 'LOCK_TIMEOUT' });
  }
}

/** No answer came within the time limit; whether the call was executed is unknown. */
export class CallTimeoutError extends PgRegistryError {
  constructor(message: string, fields: ErrorFields = {}) {
    super(message, { ...fields, code: 'CALL_TIMEOUT' });
  }
}

/** The node of the called process is gone or was replaced. Mirrors the exit reason `noconnection`. */
export class NodeDownError extends PgRegistryError {
  /** Whether the call that failed may have been executed: then repeating it elsewhere is not safe. */
  readonly mayHaveExecuted: boolean;

  constructor(message: string, fields: ErrorFields & { readonly mayHaveExecuted?: boolean } = {}) {
    super(message, { ...fields, code: 'NODE_DOWN' });
    this.mayHaveExecuted = fields.mayHaveExecuted ?? false;
  }
}

/**
 * A process that handles one message at a time was called by one that it waits for itself, directly or through others. The call would have
 * waited until its time limit; it failed at once, and nothing was executed.
 */
export class ReentrantCallError extends PgRegistryError {
  constructor(message: string, fields: ErrorFields = {}) {
    super(message, { ...fields, code: 'REENTRANT_CALL' });
  }
}

/**
 * An entity cannot be started at present: it failed to start just now and pauses, the nodes that offer its type do not agree about it, or all of them
 * were suspected of being gone until the time limit. The message says which. Nothing was executed.
 */
export class EntityUnavailableError extends PgRegistryError {
  constructor(message: string, fields: ErrorFields = {}) {
    super(message, { ...fields, code: 'ENTITY_UNAVAILABLE' });
  }
}

/** The called process has no handler of that name. */
export class NoHandlerError extends PgRegistryError {
  constructor(message: string, fields: ErrorFields = {}) {
    super(message, { ...fields, code: 'NO_HANDLER' });
  }
}

/** The connection to the other nodes could not be made, was lost, or refused an operation. */
export class TransportError extends PgRegistryError {
  constructor(message: string, fields: ErrorFields = {}) {
    super(message, { ...fields, code: 'TRANSPORT' });
  }
}
