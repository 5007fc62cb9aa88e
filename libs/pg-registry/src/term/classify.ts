import { bytesKind } from './bytes';
import { FrozenDate, FrozenMap, FrozenSet } from './frozen';

/** What an object is, seen from its internals. */
export type ObjectKind = 'array' | 'record' | 'map' | 'set' | 'date' | 'bytes' | 'other';

/**
 * Tells what an object is; a subclass of Array, Map, Set or Date is `other`, like every class instance.
 *
 * Objects of another realm count like our own: under Jest all that Node.js itself makes (`fetch`,
 * `structuredClone`, …) is of another realm than the test.
 */
export function classify(x: object): ObjectKind {
  const prototype = prototypeOf(x);
  if (Array.isArray(x)) return isArrayPrototype(prototype) ? 'array' : 'other';
  if (prototype === null || isObjectPrototype(prototype)) return 'record';
  if (prototype === FrozenMap.prototype) return 'map';
  if (prototype === FrozenSet.prototype) return 'set';
  if (prototype === FrozenDate.prototype) return 'date';
  if (bytesKind(x) !== undefined) return 'bytes';
  return isObjectPrototype(prototypeOf(prototype)) ? builtIn(x) : 'other';
}

/** How messages call it. */
export function describe(x: object): string {
  if (Array.isArray(x)) return classify(x) === 'array' ? 'an array' : 'an instance of a subclass of Array';
  const prototype = prototypeOf(x);
  const constructor: unknown =
    prototype === null ? undefined : Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  const name = typeof constructor === 'function' ? constructor.name : '';
  return name === '' ? 'an instance of a class' : `an instance of ${name}`;
}

/** A Map, Set or Date: their prototypes are the only ones with such internals that stand right above Object's. */
function builtIn(x: object): ObjectKind {
  if (has(x, sizeOfMap)) return 'map';
  if (has(x, sizeOfSet)) return 'set';
  return has(x, timeOfDate) ? 'date' : 'other';
}

/** Whether `read`, which throws for objects without certain internals, accepts `x`. */
function has(x: object, read: (this: object) => unknown): boolean {
  try {
    read.call(x);
    return true;
  } catch {
    return false;
  }
}

const sizeOfMap = getterOf(Map.prototype, 'size');
const sizeOfSet = getterOf(Set.prototype, 'size');
function timeOfDate(this: object): unknown {
  return Date.prototype.getTime.call(this as Date);
}

function getterOf(prototype: object, name: string): (this: object) => unknown {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as (this: object) => unknown;
}

function prototypeOf(x: object): object | null {
  return Object.getPrototypeOf(x) as object | null;
}

function isObjectPrototype(x: object | null): boolean {
  if (x === Object.prototype) return true;
  return x !== null && prototypeOf(x) === null && Object.hasOwn(x, 'isPrototypeOf');
}

/** `Array.prototype` is an array itself; the prototype of a subclass is none. */
function isArrayPrototype(x: object | null): boolean {
  return x === Array.prototype || (Array.isArray(x) && isObjectPrototype(prototypeOf(x)));
}
