import { isBytesObject, isPid } from '../term';
import { isRecord, type Term } from './evaluation';
import { same } from './comparison';
import { EXIT } from './language';

/** Looking into arrays, objects, strings and the like. What is not of the right kind, or not there, fails. */
const isArray = (x: Term): x is readonly Term[] => Array.isArray(x);

/** Whether it is a typed array or an ArrayBuffer. */
export const isBytes = (x: Term): boolean => typeof x === 'object' && x !== null && isBytesObject(x);

/** The element of an array at an index from 0; a negative index counts from the end. */
export function elementAt(array: Term, index: Term): Term {
  if (!isArray(array) || typeof index !== 'number' || !Number.isInteger(index)) return EXIT;
  const position = index < 0 ? array.length + index : index;
  return position >= 0 && position < array.length ? array[position] : EXIT;
}

/** The number of elements of an array, or of UTF-16 units of a string. */
export function lengthOf(x: Term): Term {
  return isArray(x) || typeof x === 'string' ? x.length : EXIT;
}

/** The number of properties of an object, of elements of an array, Map or Set, of bytes of a typed array or ArrayBuffer. */
export function sizeOf(x: Term): Term {
  if (isArray(x)) return x.length;
  if (x instanceof Map || x instanceof Set) return x.size;
  if (isRecord(x)) return Object.keys(x).length;
  return typeof x === 'object' && x !== null && isBytesObject(x) ? x.byteLength : EXIT;
}

/** Whether a plain object has a property of this name. For anything else it fails, it is not false. */
export function hasProperty(object: Term, name: Term): Term {
  return isRecord(object) && typeof name === 'string' ? Object.hasOwn(object, name) : EXIT;
}

/** The property of a plain object. */
export function propertyOf(object: Term, name: Term): Term {
  if (!isRecord(object) || typeof name !== 'string' || !Object.hasOwn(object, name)) return EXIT;
  return object[name];
}

/** Whether a string starts with another one. */
export function startsWith(text: Term, start: Term): Term {
  return typeof text === 'string' && typeof start === 'string' ? text.startsWith(start) : EXIT;
}

/** Whether a string ends with another one. */
export function endsWith(text: Term, end: Term): Term {
  return typeof text === 'string' && typeof end === 'string' ? text.endsWith(end) : EXIT;
}

/** Whether a string contains another one, or an array or Set a value that is the same (`sameValue`). */
export function includes(whole: Term, part: Term): Term {
  if (typeof whole === 'string') return typeof part === 'string' ? whole.includes(part) : EXIT;
  if (isArray(whole)) return whole.some((element) => same(element, part));
  if (!(whole instanceof Set)) return EXIT;
  const members: ReadonlySet<Term> = whole;
  return members.has(part) || [...members].some((member) => same(member, part));
}

/** The name of a process's node. */
export function nodeOf(pid: Term): Term {
  return isPid(pid) ? pid.node : EXIT;
}
