/**
 * Guards that tell the kind of an object of the caller. They look at its internals, because names, tags and methods can be
 * faked. value-kind.ts does the same for normal forms, where less is to be doubted.
 * Subclasses of Array, Map, Set and Date are none of these, like every instance of a class.
 *
 * Objects of another realm count like our own: under Jest all that Node.js itself makes (`fetch`,
 * `structuredClone`, …) is of another realm than the test.
 */
import { FrozenDate, FrozenMap, FrozenSet } from './frozen-builtins';

/** `Object.getPrototypeOf`, which by its own type returns anything. */
const prototypeOf: (x: object) => object | null = Object.getPrototypeOf;

/** Whether `x` is an array and no instance of a subclass. */
export function isPlainArray(x: object): x is readonly unknown[] {
  if (!Array.isArray(x)) return false;
  const prototype = prototypeOf(x);
  // Array.prototype is an array itself; the prototype of a subclass is not.
  return (
    prototype === Array.prototype || (Array.isArray(prototype) && isObjectPrototype(prototypeOf(prototype)))
  );
}

/** Whether `x` is a plain object, that is one whose prototype is Object's or null, and no array. */
export function isPlainObject(x: object): boolean {
  const prototype = prototypeOf(x);
  return (prototype === null || isObjectPrototype(prototype)) && !Array.isArray(x);
}

/** Whether `x` is a Map and no instance of a subclass, but for our own frozen one. */
export function isPlainMap(x: object): x is ReadonlyMap<unknown, unknown> {
  return isBuiltIn(x, FrozenMap.prototype) && accepts(() => Reflect.get(Map.prototype, 'size', x));
}

/** Whether `x` is a Set and no instance of a subclass, but for our own frozen one. */
export function isPlainSet(x: object): x is ReadonlySet<unknown> {
  return isBuiltIn(x, FrozenSet.prototype) && accepts(() => Reflect.get(Set.prototype, 'size', x));
}

/** Whether `x` is a Date and no instance of a subclass, but for our own frozen one. */
export function isPlainDate(x: object): x is Date {
  return isBuiltIn(x, FrozenDate.prototype) && accepts(() => Date.prototype.getTime.call(x));
}

/** How messages call an object that has no normal form. */
export function describe(x: object): string {
  if (Array.isArray(x) && !isPlainArray(x)) return 'an instance of a subclass of Array';
  const prototype = prototypeOf(x);
  const constructor: unknown =
    prototype === null ? undefined : Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  const name = typeof constructor === 'function' ? constructor.name : '';
  return name === '' ? 'an instance of a class' : `an instance of ${name}`;
}

/** The prototypes of built-ins stand right above Object's, those of their subclasses do not. */
function isBuiltIn(x: object, ours: object): boolean {
  const prototype = prototypeOf(x);
  return prototype === ours || (prototype !== null && isObjectPrototype(prototypeOf(prototype)));
}

/** Whether `read` works: the methods of a built-in throw for objects that have not its internals. */
function accepts(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

function isObjectPrototype(x: object | null): boolean {
  if (x === Object.prototype) return true;
  return x !== null && prototypeOf(x) === null && Object.hasOwn(x, 'isPrototypeOf');
}
