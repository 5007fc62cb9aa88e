/**
 * Guards that tell the kind of an object of the caller. They look at its internals, because names, tags and methods can be
 * faked. value-kind.ts does the same for normal forms, where less is to be doubted.
 *
 * Objects of another realm count like our own: under Jest all that Node.js itself makes (`fetch`,
 * `structuredClone`, …) is of another realm than the test.
 */

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
  // Most objects are of our own realm: one look tells.
  const isPlain = prototype === Object.prototype || prototype === null || isObjectPrototype(prototype);
  return isPlain && !Array.isArray(x);
}

/** Whether `x` is a Map, or an instance of a subclass. */
export function isMapObject(x: object): x is ReadonlyMap<unknown, unknown> {
  return tagOf(x) === 'Map' && accepts(() => Reflect.get(Map.prototype, 'size', x));
}

/** Whether `x` is a Set, or an instance of a subclass. */
export function isSetObject(x: object): x is ReadonlySet<unknown> {
  return tagOf(x) === 'Set' && accepts(() => Reflect.get(Set.prototype, 'size', x));
}

/** Whether `x` is a Date, or an instance of a subclass. */
export function isDateObject(x: object): x is Date {
  return tagOf(x) === 'Date' && accepts(() => Date.prototype.getTime.call(x));
}

/** How messages call an object. */
export function describe(x: object): string {
  const prototype = prototypeOf(x);
  const constructor: unknown =
    prototype === null ? undefined : Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  const name = typeof constructor === 'function' ? constructor.name : '';
  return name === '' ? 'an instance of a class' : `an instance of ${name}`;
}

/**
 * Tells why an instance of a class is no data, although its own properties may look like some: `{}` of an Error or a promise would be a
 * loss that nobody notices.
 *
 * @returns The rest of a sentence, and the remedy as a sentence; undefined if it is data.
 */
export function whyNoData(x: object): string | undefined {
  const { then, pipe } = x as { readonly then?: unknown; readonly pipe?: unknown };
  if (typeof then === 'function') return `is ${describe(x)}, a promise. Await it first.`;
  if (typeof pipe === 'function') {
    return `is ${describe(x)}, a stream or Observable. Collect what it gives, or send it piece by piece.`;
  }
  if (Symbol.asyncIterator in x) return `is ${describe(x)}, an async iterable. Collect what it gives first.`;
  const tag = tagOf(x);
  if (tag === 'Object') return undefined;
  if (tag === 'Error') return `is ${describe(x)}, an error. Take its message, or give it a method toJSON().`;
  return `is ${describe(x)}, whose contents are not in its properties. Take out what is needed, or give it a method toJSON().`;
}

/** What `Object.prototype.toString` says: the class of a built-in object, `'Object'` of other classes. */
function tagOf(x: object): string {
  return Object.prototype.toString.call(x).slice('[object '.length, -1);
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

/** Whether `x` is the `Object.prototype` of any realm. */
function isObjectPrototype(x: object | null): boolean {
  return x !== null && prototypeOf(x) === null && Object.hasOwn(x, 'isPrototypeOf');
}
