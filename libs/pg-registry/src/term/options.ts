import { isInstanceOf, isList } from './thrown';
import { quoteText } from './quote';
import { describeType, describeValue } from './describe-value';
import { InvalidOptionError } from './errors';
import { isWellFormed } from './size';

/** The longest timer of Node.js in milliseconds, almost 25 days; it makes a longer one fire at once, with a warning. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Names of nodes, namespaces and scopes become part of a NATS subject, whose length is limited. */
export const MAX_NAME_BYTES = 128;

/**
 * Checks the options of one class or function, so that every message says in the same words what is wrong, what is allowed,
 * what was got and what happened. Each room keeps the table of its own options (`scope/scope-options.ts`,
 * `node/node-options.ts` and so on) and checks it with one of these:
 *
 * ```ts
 * const checks: OptionChecks = new OptionChecks('Nothing was started.');
 * checks.wholeNumber('drainMs', 0, 1);
 * // InvalidOptionError: Option 'drainMs' must be a whole number ≥ 1 (got 0). Nothing was started.
 * ```
 *
 * Every check throws `InvalidOptionError` with the name of the option. A check that passes allocates nothing.
 */
export class OptionChecks {
  readonly #outcome: string;
  readonly #of: string;

  /**
   * @param outcome What happened to the data: the last sentence of each message.
   * @param owner What the options belong to, such as `a call`; named in each message if given.
   */
  constructor(outcome: string, owner?: string) {
    this.#outcome = outcome;
    this.#of = owner === undefined ? '' : ` of ${owner}`;
  }

  /** Options must be an object without other names than these: a misspelt option would silently be its default. */
  names(options: unknown, valid: readonly string[]): void {
    if (!isObject(options)) {
      const got = describeValue(options);
      throw this.#invalid('options', `The options${this.#of} must be an object (got ${got}).`);
    }
    // for…in instead of Object.keys: it makes no list, and every call between processes comes through here.
    let unknown: string | undefined;
    try {
      for (const option in options) if (!valid.includes(option)) unknown ??= option;
    } catch {
      throw this.#invalid('options', `The options${this.#of} must be an object that can be read.`);
    }
    if (unknown === undefined) return;
    const allowed = valid.length === 0 ? 'There are none.' : `Valid options are ${valid.join(', ')}.`;
    const message = `Unknown option ${quoteText(unknown)}${this.#of}. ${allowed}`;
    throw this.#invalid(unknown, message);
  }

  /** A whole number from `min` to `max`. */
  wholeNumber(option: string, value: unknown, min: number, max = Infinity): asserts value is number {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return;
    const range = max === Infinity ? `≥ ${min}` : `from ${min} to ${max}`;
    throw this.error(option, value, `a whole number ${range}`);
  }

  /**
   * A time limit in milliseconds: a number ≥ 0, or Infinity for none. It means the same in every method that takes one: with 0, what
   * cannot be had at once fails.
   *
   * @returns The limit; Infinity for one that is longer than the longest timer of Node.js, almost 25 days.
   */
  timeout(option: string, value: unknown): number {
    if (typeof value !== 'number' || !(value >= 0)) {
      throw this.error(option, value, 'a number of milliseconds ≥ 0, or Infinity');
    }
    return value > LONGEST_TIMER_MS ? Infinity : value;
  }

  /** `true` or `false`. */
  boolean(option: string, value: unknown): asserts value is boolean {
    if (typeof value !== 'boolean') throw this.error(option, value, 'true or false');
  }

  /** A name of a node, namespace or scope: a well-formed string of 1 to {@link MAX_NAME_BYTES} bytes. */
  name(option: string, value: unknown): asserts value is string {
    if (typeof value === 'string' && value !== '' && isWellFormed(value)) {
      if (Buffer.byteLength(value) <= MAX_NAME_BYTES) return;
    }
    throw this.error(option, value, `a string of 1 to ${MAX_NAME_BYTES} bytes without lone surrogates`);
  }

  /** One of these strings. */
  oneOf<T extends string>(option: string, value: unknown, allowed: readonly T[]): asserts value is T {
    if (allowed.some((each) => each === value)) return;
    throw this.error(option, value, allowed.map((each) => `'${each}'`).join(' or '));
  }

  /** A list; of what, `allowed` says in the message. The caller checks the elements. */
  list(option: string, value: unknown, allowed: string): asserts value is readonly unknown[] {
    if (!isList(value)) throw this.error(option, value, allowed);
  }

  /** An AbortSignal, or undefined. */
  signal(option: string, value: unknown): asserts value is AbortSignal | undefined {
    if (value === undefined || isInstanceOf(value, AbortSignal)) return;
    throw this.error(option, value, 'an AbortSignal');
  }

  /**
   * The error of an option with a wrong value, for checks that only one room needs.
   *
   * @param allowed What the option must be: the rest of the sentence after `must be`.
   * @param advice What to do instead, as a sentence.
   */
  error(option: string, value: unknown, allowed: string, advice?: string): InvalidOptionError {
    const message = `Option '${option}'${this.#of} must be ${allowed} (got ${describeValue(value)}).`;
    return this.#invalid(option, advice === undefined ? message : `${message} ${advice}`);
  }

  /** The same error for an option that may have got a password, or a URL with one: it tells the type of the value only. */
  errorWithoutValue(option: string, value: unknown, allowed: string): InvalidOptionError {
    return this.#invalid(
      option,
      `Option '${option}'${this.#of} must be ${allowed} (got ${describeType(value)}).`,
    );
  }

  #invalid(option: string, message: string): InvalidOptionError {
    return new InvalidOptionError(`${message} ${this.#outcome}`, { option });
  }
}

/** Whether a value is an object with properties, and no list. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isList(value);
}
