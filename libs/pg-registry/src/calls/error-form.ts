import {
  AlreadyRegisteredError,
  boundedText,
  CallTimeoutError,
  EntityElsewhereError,
  EntityUnavailableError,
  InvalidAnswerError,
  InvalidArgumentError,
  InvalidOptionError,
  InvalidValueError,
  isError,
  isOwnError,
  isPid,
  isRecord,
  isWellFormed,
  LockTimeoutError,
  MailboxFullError,
  messageOfThrown,
  NodeDownError,
  normalValue,
  NoHandlerError,
  NotLocalError,
  NotRegisteredError,
  orElse,
  PgRegistryError,
  ProcessExitedError,
  propertyOfThrown,
  ReentrantCallError,
  RemoteError,
  ScopeAlreadyStartedError,
  ScopeNotRunningError,
  stackOfThrown,
  TransportError,
  UniqueKeysRequiredError,
  ValueTooLargeError,
  type Value,
  type ValueRecord,
} from '../term';
import type { ErrorForm } from './frames/call-frames';
import type { CallsDeps } from './calls-deps';
import { type Described, describeThrown, failureOf, saidByNest } from './remote-failure';

/** Properties that are not fields: they have a place of their own, or do not travel. */
const NOT_FIELDS = new Set(['code', 'name', 'message', 'stack', 'cause', '__proto__']);

/** How much of an error other nodes get. */
export interface ErrorFormOptions {
  /** Whether they get its stack. */
  readonly stack: boolean;
  /** Returns the normal form of a field; throws if it has none. */
  readonly normalize: (value: unknown) => Value;
}

/** Returns the form in which an error travels, of whatever a handler threw. Never throws, whatever that is. */
export function formOfError(error: unknown, { stack, normalize }: ErrorFormOptions): ErrorForm {
  const form = { ...describeThrown(error), stack: stack ? stackOfThrown(error) : '' };
  return isOwnError(error)
    ? { ...form, ownClass: true, fields: fieldsOf(error, normalize) }
    : { ...form, ownClass: false, fields: saidByNest(error, normalize) };
}

/** Returns the error that a caller on another node gets: of the same class if it is one of this library, else a {@link RemoteError}. */
export function errorOfForm(received: ErrorForm): PgRegistryError {
  const form = { ...received, message: boundedText(received.message), name: boundedText(received.name) };
  const error =
    (form.ownClass ? rebuild(form) : undefined) ??
    new RemoteError(form.message, { remote: failureOf(form, form.fields) });
  if (form.stack !== '') error.stack = stackOfPeer(form.stack);
  return error;
}

/**
 * Returns the stack that another node says, indented otherwise than V8 does. Node.js paints the packages in lines that V8 may have written when it
 * prints an error in colours, as Nest's logger does: version 20 never ends where a line stops behind `/node_modules/a`, until its memory is full.
 */
function stackOfPeer(stack: string): string {
  return boundedText(stack).replaceAll('\n    at', '\n  at');
}

/** Returns the error that a caller on the same node gets: the same as on any other node. */
export function errorForCaller(thrown: unknown, options: ErrorFormOptions): PgRegistryError {
  return isOwnError(thrown) ? thrown : errorOfForm(formOfError(thrown, options));
}

/** Returns how much of an error the callers of a node's handlers get. */
export function errorFormOptions({
  remoteStacks = false,
  limits,
  pids,
}: Pick<CallsDeps, 'remoteStacks' | 'limits' | 'pids'>): ErrorFormOptions {
  return { stack: remoteStacks, normalize: (value) => normalValue(value, limits, pids) };
}

/**
 * Returns the reason of an exit as monitors get it: its normal form; of an error its name, message and code; of anything else without
 * a normal form its text. Never throws, whatever the reason is.
 */
export function reasonValue(reason: unknown, normalize: (value: unknown) => Value): Value {
  try {
    return normalize(reason);
  } catch {
    return isError(reason) ? Object.freeze(describeThrown(reason)) : messageOfThrown(reason);
  }
}

function fieldsOf(error: PgRegistryError, normalize: (value: unknown) => Value): ValueRecord {
  const fields: Record<string, Value> = {};
  for (const name of orElse(() => Object.keys(error), [])) {
    if (NOT_FIELDS.has(name) || !isWellFormed(name)) continue;
    try {
      fields[name] = normalize(propertyOfThrown(error, name));
    } catch {
      // A field that cannot travel, such as a service, is left out.
    }
  }
  return fields;
}

/** Errors that have only a message. */
const PLAIN_CLASSES = new Map<string, new (message: string) => PgRegistryError>([
  ['NOT_REGISTERED', NotRegisteredError],
  ['INVALID_ARGUMENT', InvalidArgumentError],
  ['INVALID_VALUE', InvalidValueError],
  ['INVALID_ANSWER', InvalidAnswerError],
  ['VALUE_TOO_LARGE', ValueTooLargeError],
  ['UNIQUE_KEYS_REQUIRED', UniqueKeysRequiredError],
  ['SCOPE_NOT_RUNNING', ScopeNotRunningError],
  ['MAILBOX_FULL', MailboxFullError],
  ['LOCK_TIMEOUT', LockTimeoutError],
  ['CALL_TIMEOUT', CallTimeoutError],
  ['NO_HANDLER', NoHandlerError],
  ['REENTRANT_CALL', ReentrantCallError],
  ['ENTITY_UNAVAILABLE', EntityUnavailableError],
  ['TRANSPORT', TransportError],
]);

/** Undefined if this version does not know the code or a field: the peer may be newer, or malicious. */
function rebuild({ code, message, fields }: ErrorForm): PgRegistryError | undefined {
  const Plain = PLAIN_CLASSES.get(code);
  return Plain === undefined ? rebuildWithFields(code, message, fields) : new Plain(message);
}

function rebuildWithFields(code: string, message: string, fields: ValueRecord): PgRegistryError | undefined {
  const { pid, reason, option, remote } = fields;
  const mayHaveExecuted = fields['mayHaveExecuted'] === true;
  switch (code) {
    case 'NODE_DOWN':
      return new NodeDownError(message, { mayHaveExecuted });
    case 'PROCESS_EXITED':
      return isPid(pid) ? new ProcessExitedError(message, { pid, reason, mayHaveExecuted }) : undefined;
    case 'ALREADY_REGISTERED':
      return isPid(pid) ? new AlreadyRegisteredError(message, { pid }) : undefined;
    case 'ENTITY_ELSEWHERE':
      return new EntityElsewhereError(message, { pid: isPid(pid) ? pid : undefined });
    case 'NOT_LOCAL':
      return isPid(pid) ? new NotLocalError(message, { pid }) : undefined;
    case 'INVALID_OPTION':
      return new InvalidOptionError(message, { option: textOr('', option) });
    case 'SCOPE_ALREADY_STARTED':
      return new ScopeAlreadyStartedError(message, { running: undefined });
    case 'REMOTE':
      return new RemoteError(message, { remote: failureOf(describedIn(remote, message), remote) });
    default:
      return undefined;
  }
}

/** The name and code of the error that a handler threw on a third node. */
function describedIn(remote: Value, message: string): Described {
  const { name, code } = isRecord(remote) ? remote : {};
  return { name: textOr('Error', name), code: textOr('', code), message };
}

function textOr(fallback: string, value: Value): string {
  return typeof value === 'string' ? value : fallback;
}
