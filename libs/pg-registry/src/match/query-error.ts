import { InvalidArgumentError, isOwnError, messageOfThrown, type ErrorFields } from '../term';

/**
 * The error of a query that is not well-formed. Queries are checked before they run, so it has read and changed nothing.
 *
 * @param where The place in the query: `clause 2, guard 1`.
 * @param message What is wrong and what is allowed, without a full stop.
 */
export function invalidQuery(where: string, message: string, fields: ErrorFields = {}): InvalidArgumentError {
  return new InvalidArgumentError(`${where}${message}. The query did not run.`, fields);
}

/**
 * Runs a compiler. What the query itself throws while it is read (a Proxy throws what it likes), or what its depth makes Node.js throw,
 * becomes an InvalidArgumentError.
 */
export function compileSafely<T>(compile: () => T): T {
  try {
    return compile();
  } catch (cause) {
    if (isOwnError(cause)) throw cause;
    if (cause instanceof RangeError)
      throw invalidQuery('query', ' is nested too deeply to be read', { cause });
    throw invalidQuery('query', ` cannot be read: ${messageOfThrown(cause).slice(0, 200)}`, { cause });
  }
}
