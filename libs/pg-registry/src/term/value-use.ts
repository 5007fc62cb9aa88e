import { InvalidValueError, type PgRegistryError, ValueTooLargeError } from './errors';
import { printable } from './quote';
import { formatKey } from './text';
import { isOwnError, messageOfThrown } from './thrown';
import { MOST_KEY_PARTS, MOST_WEIGHT, WEIGHT } from './weight';

/** What a value is for: it decides the words of the errors about it. */
export interface ValueUse {
  /** How the value is called: the root of the place in `payload.items[3].price`. */
  readonly name: string;
  /** What has a limit: an option, or something that an option limits. */
  readonly limit: string;
  /** What happened to the data, as the last sentence. */
  readonly outcome: string;
  /** Whether its bytes, Maps, Sets and Dates keep, out of reach, what they were made with. Default: they do not. */
  readonly keepsContent?: boolean;
}

/** A key of an entry. */
export const KEY: ValueUse = { name: 'key', limit: 'maxKeyBytes', outcome: 'Nothing was stored.' };
/** A value of this node, which only its own code reads. */
export const VALUE: ValueUse = { name: 'value', limit: 'maxValueBytes', outcome: 'Nothing was stored.' };
/**
 * A value of an entry. Peers are sent what it is now, at any later time: readers share the value and could write into its bytes, or change
 * its Maps, Sets and Dates by borrowed methods. So these keep what they were made with, and the codec writes that. Values without them cost
 * nothing more.
 */
export const STORED_VALUE: ValueUse = { ...VALUE, keepsContent: true };

const ALLOWED_IN_KEYS =
  'A key must be a string, number, bigint, boolean, null, Pid, or an array or plain object of keys.';
const ALLOWED_IN_VALUES =
  'Allowed are null, undefined, booleans, numbers, bigints, strings, Pids, Dates, typed arrays and ArrayBuffers; arrays, Maps, Sets and ' +
  'objects of these; and objects with a method toJSON() that returns these.';

/** Makes the error of a value that has no normal form. @param why The rest of a sentence, or of several. */
export function invalid(use: ValueUse, place: string, why: string): InvalidValueError {
  const sentence = `${place} ${why}${why.endsWith('.') ? '' : '.'}`;
  return new InvalidValueError(
    `${sentence} ${use === KEY ? ALLOWED_IN_KEYS : ALLOWED_IN_VALUES} ${use.outcome}`,
  );
}

/**
 * Makes the error of a value that is too large.
 *
 * @param howFar How far the copy got, as a clause.
 * @param limitedBy Why no more is allowed, if something else than the limit of this use is why.
 */
export function tooLarge(
  { name, limit, outcome }: ValueUse,
  bytes: number,
  howFar: string,
  limitedBy: string | undefined,
): ValueTooLargeError {
  const most = limitedBy === undefined ? `${limit} = ${bytes} bytes` : `${bytes} bytes, ${limitedBy}`;
  return new ValueTooLargeError(`The ${name} is larger than ${most}: ${howFar}. ${outcome}`);
}

/** Makes the error of a value that weighs too much. @param place Up to where it weighs so much already */
export function tooHeavy({ name, outcome }: ValueUse, place: string): ValueTooLargeError {
  return new ValueTooLargeError(
    `The ${name} would take its readers too long: up to ${place} it weighs more than ${MOST_WEIGHT} already. A Map, Set, Date, Pid, typed ` +
      `array, ArrayBuffer or object of new property names weighs ${WEIGHT.part}, or ${WEIGHT.part + WEIGHT.home} if it is the first Pid of its ` +
      `node; such a name up to ${WEIGHT.name}; a member of a Map or Set ${WEIGHT.member}, ${WEIGHT.member + WEIGHT.bigintMember} if it is a bigint, or ${WEIGHT.member + WEIGHT.objectMember} if it is an object; ` +
      `another object or an array ${WEIGHT.container}, and each of its elements or properties ${WEIGHT.element}; all else nothing. Use numbers and strings ` +
      `instead, or several values. ${outcome}`,
  );
}

/** Makes the error of a key that has too many parts. @param place Where it has one too many */
export function tooManyKeyParts(place: string): ValueTooLargeError {
  return new ValueTooLargeError(
    `A key must have at most ${MOST_KEY_PARTS} elements and properties, and ${place} has more. Use a string instead. ${KEY.outcome}`,
  );
}

/** Makes the error of a value that throws when it is read: a Proxy may throw whatever it likes, and so may a getter or `toJSON`. */
export function unreadable({ name, outcome }: ValueUse, thrown: unknown): PgRegistryError {
  if (isOwnError(thrown)) return thrown;
  const why = printable(messageOfThrown(thrown), 200);
  return new InvalidValueError(`The ${name} cannot be read: ${why}. ${outcome}`, { cause: thrown });
}

/** A step of the way from the whole to a part: a property, an index, or other text. */
export type Step = string | number | (() => string);

/** The way to a part, as one would write it in code. */
export function placeOf(name: string, steps: readonly Step[]): string {
  const texts = steps.map((step) => {
    if (typeof step === 'function') return step();
    if (typeof step === 'number') return `[${step}]`;
    return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(step) ? `.${step}` : `[${formatKey(step)}]`;
  });
  return name + texts.join('');
}
