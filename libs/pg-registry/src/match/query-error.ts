import { InvalidArgumentError, type ErrorFields } from '../term';

/**
 * The error of a query that is not well-formed. Queries are checked before they run, so it has read and changed nothing.
 *
 * @param where The place in the query: `clause 2, guard 1`.
 * @param message What is wrong and what is allowed, without a full stop.
 */
export function invalidQuery(where: string, message: string, fields: ErrorFields = {}): InvalidArgumentError {
  return new InvalidArgumentError(`${where}${message}. The query did not run.`, fields);
}
