/**
 * How to look at what somebody threw. JavaScript can throw anything: an object whose properties throw when they are read, a Proxy that
 * was revoked, an error whose message is a Symbol. No function here throws or runs longer than the text it returns.
 */
import { PgRegistryError } from './errors';
import { isWellFormed } from './size';

/** The longest text that is made of what was thrown, in UTF-16 units. */
const LONGEST_THROWN_TEXT = 4096;

/** Stands for an object that shows nothing of itself. */
const UNREADABLE = 'an object that cannot be read';

/** Calls `read`; returns `otherwise` if that throws. */
export function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** Whether a value is an array; false for a Proxy that was revoked. */
export function isList(value: unknown): value is readonly unknown[] {
  return orElse(() => Array.isArray(value), false);
}

/** Whether a value is an instance of a class; false for an object that does not let itself be asked. */
export function isInstanceOf<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  // Not by `orElse`: every call asks this, and a closure takes longer than the answer.
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/**
 * Whether it is an Error, perhaps of another realm: under Jest those that Node.js itself throws are. False for an object that does not let
 * itself be asked.
 */
export function isError(thrown: unknown): thrown is Error {
  return orElse(
    () => thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]',
    false,
  );
}

/**
 * Whether `require` threw because a package is not installed, and not because its installation is broken. Looks for the name as a word:
 * Node.js puts it into quotes, Yarn's Plug'n'Play between blanks. As a part of a path it proves nothing.
 */
export function isMissingPackage(thrown: unknown, name: string): boolean {
  if (propertyOfThrown(thrown, 'code') !== 'MODULE_NOT_FOUND') return false;
  return messageOfThrown(thrown)
    .split(/[\s'"]/)
    .includes(name);
}

/** Whether it is an error of this library; false for an object that does not let itself be asked. */
export function isOwnError(thrown: unknown): thrown is PgRegistryError {
  return orElse(() => thrown instanceof PgRegistryError, false);
}

/** Returns a property of what was thrown, or given; undefined if it cannot be read. */
export function propertyOfThrown(thrown: unknown, name: string): unknown {
  if ((typeof thrown !== 'object' && typeof thrown !== 'function') || thrown === null) return undefined;
  return orElse(() => Reflect.get(thrown, name) as unknown, undefined);
}

/** Returns the message of an Error, or the text of anything else: well-formed, and at most 4,096 characters. */
export function messageOfThrown(thrown: unknown): string {
  if (!isError(thrown)) return boundedText(thrown);
  return boundedText(propertyOfThrown(thrown, 'message') ?? 'an error whose message cannot be read');
}

/** Returns the name of an Error, that of its class if it has none of its own, or the type of anything else. */
export function nameOfThrown(thrown: unknown): string {
  if (!isError(thrown)) return typeof thrown;
  const name = propertyOfThrown(thrown, 'name') ?? 'Error';
  if (name !== 'Error') return boundedText(name);
  return boundedText(propertyOfThrown(propertyOfThrown(thrown, 'constructor'), 'name') || name);
}

/** Returns the `code` of an Error as text; empty if it has none that is a string or number. */
export function codeOfThrown(thrown: unknown): string {
  const code = isError(thrown) ? propertyOfThrown(thrown, 'code') : undefined;
  return typeof code === 'string' || typeof code === 'number' ? boundedText(code) : '';
}

/** Returns the stack of an Error; empty if it has none. A long one ends with a whole line, because not every tool can read half a place. */
export function stackOfThrown(thrown: unknown): string {
  const stack = isError(thrown) ? propertyOfThrown(thrown, 'stack') : undefined;
  if (typeof stack !== 'string') return '';
  const text = boundedText(stack);
  const end = text.length < stack.length ? text.lastIndexOf('\n') : -1;
  return end === -1 ? text : text.slice(0, end);
}

/**
 * Returns anything as text, objects as JSON if they have any: well-formed, and not longer than `longest` UTF-16 units, 4,096 by default. It holds
 * nothing of a longer text: V8 keeps all of one for a part of it, so a part is copied.
 */
export function boundedText(given: unknown, longest = LONGEST_THROWN_TEXT): string {
  const text = typeof given === 'string' ? given : textOf(given);
  if (text.length <= longest && isWellFormed(text)) return text;
  return Buffer.from(text.slice(0, longest)).toString();
}

function textOf(given: unknown): string {
  const read = (): unknown =>
    typeof given === 'object' && given !== null ? JSON.stringify(given) : String(given);
  const text = orElse(read, undefined);
  if (typeof text === 'string') return text;
  return orElse(() => Object.prototype.toString.call(given), UNREADABLE);
}
