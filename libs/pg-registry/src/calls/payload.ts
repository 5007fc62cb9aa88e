import {
  InvalidAnswerError,
  isInstanceOf,
  messageOfThrown,
  normalValue,
  quoteText,
  type PidInterner,
  type Value,
  type ValueLimits,
  type ValueUse,
} from '../term';

const LIMIT = 'the room in a frame (maxFrameBytes)';
/** What is sent with a call or cast. */
export const PAYLOAD: ValueUse = { name: 'payload', limit: LIMIT, outcome: 'Nothing was sent.' };
/** What `send` sends. */
export const MESSAGE: ValueUse = { name: 'message', limit: LIMIT, outcome: 'Nothing was sent.' };
/** The headers of a call. */
export const HEADERS: ValueUse = { name: 'headers', limit: LIMIT, outcome: 'Nothing was sent.' };
const ANSWER: ValueUse = { name: 'answer', limit: LIMIT, outcome: 'The handler ran.' };

/**
 * Returns the normal form of what a handler returned.
 *
 * @param handler The handler's name, for the message.
 * @throws InvalidAnswerError if it has none or is too large: the handler ran, and its caller cannot get the answer.
 */
export function normalAnswer(
  answer: unknown,
  handler: string,
  { limits, pids }: { readonly limits: ValueLimits; readonly pids: PidInterner },
): Value {
  try {
    return normalValue(answer, limits, pids, ANSWER);
  } catch (cause) {
    throw unsentAnswer(handler, cause);
  }
}

/** Makes the error of an answer that was not sent, unless it is one already. */
export function unsentAnswer(handler: string, cause: unknown): InvalidAnswerError {
  if (isInstanceOf(cause, InvalidAnswerError)) return cause;
  const message = `The answer of ${quoteText(handler)} cannot travel: ${messageOfThrown(cause)}`;
  return new InvalidAnswerError(message, { cause });
}
